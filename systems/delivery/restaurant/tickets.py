"""The rules of a ticket: it is sent, accepted and cooked, or denied; ready, and handed over.

Each of them may be told twice, and in any order that makes sense: what is ready was accepted. A
ticket that is cancelled says what that costs; it costs so much for ever.
"""

from datetime import datetime
from typing import Literal, cast

from pydantic import BaseModel

from base.errors import Refusal
from systems.delivery.restaurant.fees import PERCENT_OF_FOOD, Cause, Phase, settled
from systems.delivery.restaurant.quotes import Line

Status = Literal["sent", "accepted", "ready", "handed_over", "denied", "failed"]
DenyReason = Literal["too_busy", "sold_out", "closing", "other"]
OPEN: tuple[Status, ...] = ("sent", "accepted", "ready")


class Ticket(BaseModel, extra="allow"):
    """A ticket as it is stored. ``fee`` and ``payout`` are in minor units: what the customer pays
    for a cancel, and what the restaurant gets in the end."""

    status: Status = "sent"
    restaurant: str
    lines: list[Line]
    food: int
    answer_by: datetime
    prep_seconds: int
    reason: str | None = None
    driver: str | None = None
    cause: Cause | None = None
    fee: int | None = None
    payout: int | None = None

    def now(self, status: Status, **more: object) -> "Ticket":
        return self.model_copy(update={"status": status, **more})


def accepted(ticket: Ticket, now: datetime) -> Ticket:
    """Return the ticket as one that is cooked. Refuses ``answer_too_late`` and ``not_open``."""
    if ticket.status != "sent":
        return _open(ticket)
    if now > ticket.answer_by:
        raise Refusal("answer_too_late", f"An answer was waited for until {ticket.answer_by}.")
    return ticket.now("accepted")


def denied(ticket: Ticket, reason: DenyReason) -> Ticket:
    """Return the ticket denied. Refuses ``already_accepted``."""
    if ticket.status == "denied":
        return ticket
    if ticket.status != "sent":
        raise Refusal("already_accepted", f"It is {ticket.status} and cannot be denied any more.")
    return ticket.now("denied", reason=reason)


def ready(ticket: Ticket, now: datetime) -> Ticket:
    """Return the ticket with its food ready. Refuses as `accepted`."""
    taken = accepted(ticket, now)
    return taken.now("ready") if taken.status == "accepted" else taken


def failed(ticket: Ticket, reason: str) -> Ticket:
    """Return a ticket that the kitchen cannot cook. Refuses ``handed_over`` and ``denied``."""
    if ticket.status in ("handed_over", "denied"):
        raise Refusal(ticket.status, f"It is {ticket.status}.")
    return ticket if ticket.status == "failed" else ticket.now("failed", reason=reason)


def handed_over(ticket: Ticket, driver: str) -> Ticket:
    """Return the ticket with its food in the hands of a driver. Refuses ``not_ready``, and
    ``idempotency_conflict`` when it is in those of another."""
    if ticket.status == "handed_over":
        if ticket.driver != driver:
            raise Refusal("idempotency_conflict", f"It was handed over to {ticket.driver}.")
        return ticket
    if ticket.status != "ready":
        raise Refusal("not_ready", f"It is not ready, but {ticket.status}.")
    return ticket.now("handed_over", driver=driver)


def cancelled(ticket: Ticket, cause: Cause) -> Ticket:
    """Return a ticket that is called off, with what that costs. Refuses ``handed_over``."""
    if ticket.status == "handed_over":
        raise Refusal("handed_over", "The food is on its way.")
    phase = cast(Phase, ticket.status) if ticket.status in PERCENT_OF_FOOD else "sent"
    fee, payout = settled(ticket.food, phase, cause)
    return ticket.model_copy(update={"cause": cause, "fee": fee, "payout": payout})


def paid_out(ticket: Ticket, amount: int) -> Ticket:
    """Return the ticket with what the restaurant gets for it. Refuses ``not_handed_over`` and
    ``idempotency_conflict``."""
    if ticket.status != "handed_over":
        raise Refusal("not_handed_over", f"It is {ticket.status}.")
    if ticket.payout not in (None, amount):
        raise Refusal("idempotency_conflict", f"{ticket.payout} was paid out for it.")
    return ticket.model_copy(update={"payout": amount})


def _open(ticket: Ticket) -> Ticket:
    if ticket.status in ("denied", "failed"):
        raise Refusal("not_open", f"It is {ticket.status}.")
    return ticket
