"""The rules of an offer: a driver takes it or not; who took it comes, rides, and delivers.

An offer is ``offered`` until its time is over. A driver who took it has ``accepted``, ``arrived``
at the counter, ``picked_up`` the food, is ``riding`` as soon as nobody can cancel any more, and has
``delivered`` it. It ends before that when it is
``declined``, ``expired``, ``withdrawn`` by who made it, ``given_back`` by the driver, or the driver
is ``lost``. An offer that has ended does not begin again: a late yes is refused.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from base.errors import Refusal
from systems.delivery.geography import Place

Status = Literal[
    "offered",
    "accepted",
    "arrived",
    "picked_up",
    "riding",
    "delivered",
    "declined",
    "expired",
    "withdrawn",
    "given_back",
    "lost",
]
BUSY: tuple[Status, ...] = ("offered", "accepted", "arrived", "picked_up", "riding")
_ON_THE_WAY: tuple[Status, ...] = ("accepted", "arrived")
MOST_WRONG_PINS = 5


class Offer(BaseModel, extra="allow"):
    """An offer as it is stored; one that was withdrawn before it came has neither request nor
    driver. ``payout`` is in minor units."""

    id: str
    status: Status
    request: dict[str, Any] | None = None
    driver: str | None = None
    pickup: Place | None = None
    door: Place | None = None
    expires_at: datetime | None = None
    accepted_at: datetime | None = None
    picked_up_at: datetime | None = None
    ended_at: datetime | None = None
    wrong_pins: int = 0
    payout: int | None = None

    @property
    def busy(self) -> bool:
        """Whether its driver has it in hand."""
        return self.status in BUSY

    @property
    def on_the_way(self) -> bool:
        """Whether its driver is to come to the counter."""
        return self.status in _ON_THE_WAY

    def now(self, status: Status, **more: object) -> "Offer":
        return self.model_copy(update={"status": status, **more})


def ended(before: Offer | None, after: Offer, now: datetime) -> Offer:
    """Return an offer with the time at which its driver got rid of it, once that is so."""
    over = before is not None and before.busy and not after.busy
    return after.model_copy(update={"ended_at": now}) if over else after


def accepted(offer: Offer, holds: bool, now: datetime) -> Offer:
    """Return the offer taken. ``holds``: the driver was not offered another one since.

    Refuses ``offer_expired``, and ``offer_over`` when it has ended.
    """
    if offer.status != "offered":
        return _not_over(offer)
    if not holds or (offer.expires_at is not None and offer.expires_at <= now):
        raise Refusal("offer_expired", f"It was open until {offer.expires_at}.")
    return offer.now("accepted", accepted_at=now)


def declined(offer: Offer) -> Offer:
    """Return the offer turned down; by who had taken it, given back. Refuses ``picked_up``."""
    if offer.status in ("declined", "given_back", "expired", "withdrawn", "lost"):
        return offer
    if offer.status == "offered":
        return offer.now("declined")
    if offer.on_the_way:
        return offer.now("given_back")
    raise Refusal("picked_up", "The food is on its way and cannot be given back.")


def arrived(offer: Offer) -> Offer:
    """Return the offer with its driver at the counter. Refuses ``not_accepted``, ``offer_over``."""
    if offer.status == "offered":
        raise Refusal("not_accepted", "It has not been accepted.")
    return offer.now("arrived") if offer.status == "accepted" else _not_over(offer)


def picked_up(offer: Offer, now: datetime) -> Offer:
    """Return the offer with the food in the hands of the driver. Refuses ``not_arrived``."""
    if offer.status in ("picked_up", "riding", "delivered"):
        return offer
    if offer.status != "arrived":
        raise Refusal("not_arrived", f"The driver is not at the counter: {offer.status}.")
    return offer.now("picked_up", picked_up_at=now)


def riding(offer: Offer) -> Offer:
    """Return the offer with its driver on the way to the door. Refuses ``not_picked_up``."""
    if offer.status in ("riding", "delivered"):
        return offer
    if offer.status != "picked_up":
        raise Refusal("not_picked_up", f"There is nothing to ride with: {offer.status}.")
    return offer.now("riding")


def delivered(offer: Offer, pin_is_right: bool) -> Offer:
    """Return the offer delivered; with a wrong PIN, one more of those. Refuses ``not_riding``
    and ``too_many_pins``."""
    if offer.status == "delivered":
        return offer
    if offer.status != "riding":
        raise Refusal("not_riding", f"There is nothing to deliver: {offer.status}.")
    if offer.wrong_pins >= MOST_WRONG_PINS:
        raise Refusal("too_many_pins", f"{MOST_WRONG_PINS} wrong PINs were tried.")
    if pin_is_right:
        return offer.now("delivered")
    return offer.model_copy(update={"wrong_pins": offer.wrong_pins + 1})


def withdrawn(offer: Offer) -> Offer:
    """Return the offer taken back from whoever has it; what has ended stays as it is."""
    return offer.now("withdrawn") if offer.busy else offer


def lost(offer: Offer) -> Offer:
    """Return the offer of a driver who went silent on the way to the counter."""
    return offer.now("lost") if offer.on_the_way else offer


def paid_out(offer: Offer, amount: int) -> Offer:
    """Return the offer with what the driver gets. Refuses ``not_delivered`` and
    ``idempotency_conflict``."""
    if offer.status != "delivered":
        raise Refusal("not_delivered", f"It is {offer.status}.")
    if offer.payout not in (None, amount):
        raise Refusal("idempotency_conflict", f"{offer.payout} was paid out for it.")
    return offer.model_copy(update={"payout": amount})


def _not_over(offer: Offer) -> Offer:
    if not offer.busy and offer.status != "delivered":
        raise Refusal("offer_over", f"The offer is {offer.status}.")
    return offer
