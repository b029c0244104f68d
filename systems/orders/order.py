"""What may be asked for: an order, and the terms that it is taken on."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, EmailStr, Field, StringConstraints

from base.wire import OneLine, Wire
from systems.orders.inventory.models import LineRequest
from systems.orders.shipping.models import Address


class OrderRequest(Wire):
    """Articles for one address; the prices are the catalogue's."""

    customer_id: Annotated[str, StringConstraints(min_length=1, max_length=128), OneLine]
    customer_email: EmailStr
    address: Address
    payment_method: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$")] = (
        "pm_card_visa"
    )
    lines: Annotated[list[LineRequest], Field(min_length=1, max_length=20)]


class OrderTerms(BaseModel, extra="allow"):
    """How long an order waits, in seconds: for the customer to decide on a shortage, ``decision``;
    for stock, before it is tried again, ``waiting``; and before warehouse and carrier are asked
    what they may have told in vain, ``packing_look`` and ``carrier_look``."""

    decision_seconds: float = 86_400.0
    waiting_seconds: float = 21_600.0
    packing_look_seconds: float = 300.0
    carrier_look_seconds: float = 21_600.0

    def wait(self, name: str) -> timedelta:
        """Return how long a wait of this name lasts."""
        return timedelta(seconds=getattr(self, f"{name}_seconds"))
