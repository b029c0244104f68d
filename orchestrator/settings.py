"""What can be set of the orchestrator, by environment variables."""

from pydantic_settings import BaseSettings

from orchestrator.models import Terms
from orchestrator.policies import Policies


class Settings(BaseSettings):
    """Seconds and minor units.

    ``BOOKING_WAIT_SECONDS``: how long a booking waits for its end before it answers 202.
    ``FIRST_LOOK_SECONDS``: after which it first looks whether another replica recorded the end;
    then after twice as long each time. With one replica there is no need to look early.
    ``BOOKINGS_AT_ONCE``: how many it has in hand at once before it answers 429.
    ``APPROVAL_LIMIT``: a trip that costs more waits ``APPROVAL_SECONDS`` for approval.
    ``UNDO_TRIES``: how often an undo is tried before the trip needs attention.
    ``CARE_SECONDS``: how often open trips are looked after.
    ``UNREADABLE_LOOKS``: after how many of these looks in a row at which the engine cannot read its
    workflow a trip needs attention.
    """

    booking_wait_seconds: float = 30.0
    first_look_seconds: float = 2.0
    bookings_at_once: int = 128
    approval_limit: int = 500_000
    approval_seconds: float = 86_400.0
    undo_tries: int = 20
    care_seconds: float = 15.0
    unreadable_looks: int = 5

    def terms(self) -> Terms:
        """Return what a trip that is accepted now is started under."""
        policies = Policies()
        undo = policies.undo.model_copy(update={"tries": self.undo_tries})
        return Terms(
            approval_limit=self.approval_limit,
            approval_seconds=self.approval_seconds,
            policies=policies.model_copy(update={"undo": undo}),
        )
