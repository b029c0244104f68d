"""The terms that an order is taken on."""

from datetime import timedelta

from pydantic import BaseModel


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
