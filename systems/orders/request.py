"""What may be asked for: an order."""

from pydantic import EmailStr

from base.wire import ShortText, Wire
from services.payment.cards import DEFAULT_METHOD, PaymentMethod
from systems.orders.inventory.models import Lines
from systems.orders.shipping.models import Address


class OrderRequest(Wire):
    """Articles for one address; the prices are the catalogue's."""

    customer_id: ShortText
    customer_email: EmailStr
    address: Address
    payment_method: PaymentMethod = DEFAULT_METHOD
    lines: Lines
