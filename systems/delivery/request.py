"""What may be asked for: a delivery."""

from typing import Annotated

from pydantic import EmailStr, Field, StringConstraints

from base.wire import Wire
from services.payment.cards import DEFAULT_METHOD, PaymentMethod
from systems.delivery.restaurant.models import OrderRequest, Spot, Text
from systems.delivery.shares import MOST_TIP_PERCENT


class Door(Spot):
    """Where the food goes."""

    address: Text


class Tip(Wire):
    """What the driver gets besides, in per cent of the price of the food."""

    percent: Annotated[int, Field(strict=True, ge=0, le=MOST_TIP_PERCENT)] = 0


class DeliveryRequest(OrderRequest):
    """Dishes of one restaurant for one door; the prices are the menu's."""

    customer_id: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,128}$")]
    customer_email: EmailStr
    door: Door
    payment_method: PaymentMethod = DEFAULT_METHOD
    tip: Tip = Tip()
