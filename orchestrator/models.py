"""What goes over the wire and into the records of TripOrchestrator.

What is stored is read by other releases too, while replicas are replaced or after a step back. So a
field that this one does not know is no fault, and is still there when the record is written back.
"""

import json
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Annotated, Any, Literal

import airportsdata
from pydantic import (
    AfterValidator,
    BaseModel,
    EmailStr,
    Field,
    StringConstraints,
    model_validator,
)

from base.wire import IsoDate, Wire
from orchestrator.policies import Policies
from orchestrator.saga import Entry

TripStatus = Literal["running", "confirmed", "rejected", "cancelled", "failed", "needs_attention"]
TERMINAL = frozenset({"confirmed", "rejected", "cancelled", "failed"})
OVER = "trip_over"
UNREADABLE = "workflow_unreadable"
LOST = frozenset({"workflow_stalled", UNREADABLE})


@cache
def _airports() -> frozenset[str]:
    return frozenset(airportsdata.load("IATA"))


def _real_airport(iata: str) -> str:
    if iata not in _airports():
        raise ValueError(f"there is no airport with the IATA code {iata}")
    return iata


TripId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$"),
    Field(description="Chosen by the caller, and the idempotency key of the booking."),
]
Iata = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{3}$"),
    AfterValidator(_real_airport),
    Field(examples=["SFO"]),
]
People = Annotated[int, Field(strict=True, ge=1, le=9)]
CustomerId = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,128}$")]
OfferId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]


Day = date


class Stored(Wire, extra="allow", revalidate_instances="subclass-instances"):
    """What was asked for, as it is stored, perhaps by another release: of what may be asked for,
    and of what there is to be asked for, the door is the judge."""


class StoredFlightWish(Stored):
    """A flight that was wanted."""

    origin: Annotated[str, Field(alias="from")]
    destination: Annotated[str, Field(alias="to")]
    date: Day
    passengers: int
    offer_id: str | None = None


class StoredHotelWish(Stored):
    """A stay that was wanted."""

    city: str
    check_in: Day
    check_out: Day
    guests: int
    offer_id: str | None = None


class StoredRequest(Stored):
    """A trip that was asked for."""

    customer_id: str
    customer_email: str
    flight: StoredFlightWish
    hotel: StoredHotelWish
    payment_method: str = "pm_card_visa"

    def digest(self) -> str:
        """Return what tells two requests apart: what was asked but for defaults, so that a release
        in which more may be asked for knows the requests of the one before."""
        asked = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()


class FlightWish(StoredFlightWish, extra="forbid"):
    """The flight wanted: the cheapest that fits, or the one offered as ``offerId``."""

    origin: Annotated[Iata, Field(alias="from")]
    destination: Annotated[Iata, Field(alias="to")]
    date: IsoDate
    passengers: People
    offer_id: OfferId | None = None

    @model_validator(mode="after")
    def _goes_somewhere(self) -> "FlightWish":
        if self.origin == self.destination:
            raise ValueError(f"a flight from {self.origin} to {self.destination} goes nowhere")
        return self


class HotelWish(StoredHotelWish, extra="forbid"):
    """The stay wanted: the cheapest that fits, or the one offered as ``offerId``."""

    city: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    check_in: IsoDate
    check_out: IsoDate
    guests: People
    offer_id: OfferId | None = None

    @model_validator(mode="after")
    def _lasts(self) -> "HotelWish":
        if self.check_out <= self.check_in:
            raise ValueError("checkOut must be after checkIn")
        return self


class TripRequest(StoredRequest, extra="forbid"):
    """One request for a whole trip."""

    customer_id: CustomerId
    customer_email: EmailStr
    flight: FlightWish
    hotel: HotelWish
    payment_method: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$"), Field(examples=["pm_card_visa"])
    ] = "pm_card_visa"


class Decision(Wire):
    """Somebody's word on a trip that waits for approval."""

    approved: Annotated[bool, Field(strict=True)]
    by: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,128}$")]


class Terms(BaseModel, extra="allow"):
    """What a trip was started under; settings that change later do not change it.

    A total above ``approval_limit`` (minor units) waits ``approval_seconds`` for approval.
    """

    approval_limit: int = 500_000
    approval_seconds: float = 86_400.0
    policies: Policies = Policies()


class Halt(BaseModel, extra="allow"):
    """Why a trip is not, or not yet, confirmed."""

    step: str
    reason: str
    detail: str


class Approval(BaseModel, extra="allow"):
    """What a trip over the approval limit waits for."""

    limit: int
    asked_at: datetime
    deadline: datetime
    approved: bool | None = None
    by: str | None = None


class Blocked(BaseModel, extra="allow"):
    """A step that could not be completed: an undo, or a mail."""

    step: str
    resource: str
    reason: str
    detail: str


class Attention(BaseModel, extra="allow"):
    """What a trip needs a person for, and since when."""

    since: datetime
    blocked: list[Blocked]


class Milestone(BaseModel, extra="allow"):
    """Something of the whole trip, not of one step."""

    event: Literal["confirmed", "needs_attention", "resumed"]
    at: datetime
    detail: str | None = None


class Progress(BaseModel, extra="allow"):
    """How far a trip has come; with a terminal status, how it ended."""

    status: TripStatus = "running"
    step: str | None = None
    flight: dict[str, Any] | None = None
    hotel: dict[str, Any] | None = None
    charge: dict[str, Any] | None = None
    total: dict[str, Any] | None = None
    halt: Halt | None = None
    approval: Approval | None = None
    attention: Attention | None = None
    entries: list[Entry] = []
    milestones: list[Milestone] = []

    def onto(self, kept: "Progress") -> "Progress":
        """Return this progress with the lines and milestones that only ``kept`` has as well.

        What a workflow tells are the lines that are new since it told some last.
        """
        lines = {entry.key: entry for entry in (*kept.entries, *self.entries)}
        new = [milestone for milestone in self.milestones if milestone not in kept.milestones]
        told = {"entries": list(lines.values()), "milestones": [*kept.milestones, *new]}
        unknown = (kept.model_extra or {}) | (self.model_extra or {})
        return self.model_copy(update=unknown | told)

    def needing_attention(self, at: datetime) -> "Progress":
        """Return the progress with word of it that a person is needed, unless that is there."""
        latest = [m for m in self.milestones if m.event in ("needs_attention", "resumed")][-1:]
        if latest and latest[0].event == "needs_attention":
            return self
        why = self.halt.reason if self.halt else None
        told = Milestone(event="needs_attention", at=at, detail=why)
        return self.model_copy(update={"milestones": [*self.milestones, told]})

    def taken_up(self, at: datetime) -> "Progress":
        """Return the progress as it is when another run of the workflow takes it up: what the last
        one left unfinished is told apart from what will be done."""
        lines = [entry.interrupted(at) for entry in self.entries]
        if self.status != "needs_attention":
            return self.model_copy(update={"entries": lines})
        told = [*self.needing_attention(at).milestones, Milestone(event="resumed", at=at)]
        went_on = {"status": "running", "halt": None, "attention": None}
        return self.model_copy(update=went_on | {"entries": lines, "milestones": told})


class TripOrder(BaseModel, extra="allow"):
    """The input of the workflow that books a trip.

    ``again``: an earlier run may have come to any point of it.
    """

    trip_id: str
    request: StoredRequest
    terms: Terms = Terms()
    again: bool = False


class Cancellation(TripOrder):
    """The input of the workflow that cancels a confirmed trip: how it was confirmed."""

    progress: Progress


class TripRecord(BaseModel, extra="allow"):
    """The orchestrator's own record of a trip, which outlives the workflow's history.

    ``again``: its workflow was, or is to be, started once more, so an earlier run may have come to
    any point. ``lost``: how many of its workflows the engine lost for good. ``reopened``: it was
    confirmed, and then cancelled. ``trace_id``: of its booking, if traced.
    """

    trip_id: str
    digest: str
    request: StoredRequest
    terms: Terms = Terms()
    created_at: datetime
    trace_id: str | None = None
    cancel_requested_at: datetime | None = None
    again: bool = False
    lost: int = 0
    reopened: bool = False
    ended_at: datetime | None = None
    progress: Progress = Progress()

    def is_younger_than(self, age: timedelta, now: datetime) -> bool:
        """Whether it was accepted just now. What is dated further ahead than that is not young: the
        clock that dated it was wrong, and nobody knows its age."""
        return abs(now - self.created_at) < age

    @property
    def customer_id(self) -> str:
        return self.request.customer_id

    @property
    def ended(self) -> bool:
        return self.progress.status in TERMINAL

    def is_of(self, request: StoredRequest) -> bool:
        """Whether this was asked for; another release may have made its digest in another way."""
        return request.digest() in (self.digest, self.request.digest())

    @property
    def workflow_id(self) -> str:
        """The id of the workflow that has the trip in hand, or had it last."""
        name = f"{self.trip_id}.cancellation" if self.reopened else self.trip_id
        return f"{name}.{self.lost + 1}" if self.lost else name

    def is_by(self, workflow_id: str | None) -> bool:
        """Whether a workflow that says its id, or none, may speak for the trip."""
        return workflow_id is None or workflow_id == self.workflow_id
