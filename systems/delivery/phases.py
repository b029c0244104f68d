"""How far a delivery is: its phase, its driver, when it will be there, and whose doing its end is.
The rules are pure: they read what is on record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from sagas import Progress
from systems.delivery.geography import Place, ride_seconds

Phase = Literal["placed", "sent", "cooking", "ready", "on_the_way", "delivered", "called_off"]

DRIVER_COMES_SECONDS = 300
_STAGES = ("offered", "accepted", "arrived", "picked_up", "riding", "delivered")


class Cancel(BaseModel):
    """What a restaurant is told when an order is called off."""

    cause: Literal["customer", "restaurant", "platform"]


class Keep(BaseModel):
    """What is kept of a payment that is cancelled."""

    keep: dict[str, Any] | None


def blame(progress: Progress) -> Cancel:
    """Return whose doing it is that a delivery is undone."""
    halt = progress.halt
    if halt and halt.reason == "cancelled_by_customer":
        return Cancel(cause="customer")
    return Cancel(cause="restaurant" if halt and halt.step in ("answer", "food") else "platform")


def fee(progress: Progress) -> Keep:
    """Return the fee that the restaurant told when its ticket was cancelled."""
    return Keep(keep=progress.results.get("ticket", {}).get("fee"))


def later(status: str, told: str) -> str:
    """Return the later of two things that a driver tells, which may come twice and in any order."""
    if told in _STAGES and status in _STAGES:
        return max(status, told, key=_STAGES.index)
    return status if told in _STAGES else told


def phase(progress: Progress) -> Phase:
    """Return how far a delivery is."""
    if progress.ended or progress.halt:
        return "delivered" if progress.succeeded else "called_off"
    if progress.irrevocable:
        return "on_the_way"
    heard = {wait.signal for wait in progress.waits if wait.word}
    if "food" in heard:
        return "ready"
    if "answer" in heard:
        return "cooking"
    return "sent" if "ticket" in progress.results else "placed"


class AtWork(NamedTuple):
    """The latest offer of a delivery, and what its driver said last."""

    offer: str
    driver: str
    status: str


def at_work(progress: Progress) -> AtWork | None:
    """Return who brings it, or was asked last."""
    offers = [wait for wait in progress.waits if wait.signal == "driver"]
    if not offers:
        return None
    name, status = offers[-1].attempt, "offered"
    for wait in offers:
        if wait.attempt == name and wait.word:
            status = later(status, str(wait.word["status"]))
        elif wait.attempt == name and wait.over and not progress.irrevocable:
            status = "lost"
    known = progress.results.get(name, {})
    if known.get("status") in ("picked_up", "riding"):
        status = later(known["status"], status)
    return AtWork(name, str(known.get("driver", "")), status)


def eta_seconds(
    progress: Progress, door: Place, driver: Place | None, now: datetime, speed: float
) -> int | None:
    """Return in how many seconds of the city it will be at the door; None if never or unknown."""
    quote: Mapping[str, Any] | None = progress.results.get("quote")
    stage = phase(progress)
    if stage in ("delivered", "called_off") or quote is None:
        return 0 if stage == "delivered" else None
    counter = Place.model_validate(quote["pickup"])
    if stage == "on_the_way":
        return ride_seconds(driver or counter, door)
    comes = DRIVER_COMES_SECONDS if driver is None else ride_seconds(driver, counter)
    cooks = 0 if stage == "ready" else quote["prepSeconds"]
    began = next((wait.since for wait in progress.waits if wait.signal == "food"), None)
    if stage == "cooking" and began:
        cooks = max(0, cooks - int((now - began).total_seconds() * speed))
    return max(cooks, comes) + int(quote["rideSeconds"])
