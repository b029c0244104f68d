"""What can be set of an orchestrator, by environment variables."""

from pydantic import BaseModel, create_model
from pydantic_settings import BaseSettings

from sagas.core.policies import Policies


class Settings(BaseSettings):
    """Seconds, unless another unit is named.

    ``BOOKING_WAIT_SECONDS``: how long a request waits for its end before it answers 202.
    ``FIRST_LOOK_SECONDS``: after which it first looks whether another replica recorded the end;
    then after twice as long each time. With one replica there is no need to look early.
    ``BOOKINGS_AT_ONCE``: how many cases it has in hand at once before it answers 429.
    ``OPEN_CASES_PER_OWNER``: how many cases that have not ended one owner may have, so that nobody
    holds everything and pays for nothing; 0: any number.
    ``EVENT_STREAMS``: how many live streams of events there may be at once.
    ``UNDO_TRIES``: how often an undo is tried before the case needs attention.
    ``CARE_SECONDS``: how often open cases are looked after.
    ``UNREADABLE_LOOKS``: after how many of these looks in a row at which the engine cannot read its
    workflow a case needs attention.
    """

    booking_wait_seconds: float = 30.0
    first_look_seconds: float = 2.0
    bookings_at_once: int = 128
    open_cases_per_owner: int = 10
    event_streams: int = 100
    undo_tries: int = 20
    care_seconds: float = 15.0
    unreadable_looks: int = 5

    def policies(self, of_kind: Policies) -> Policies:
        """Return the policies that a case is started under which is accepted now."""
        undo = of_kind.undo.model_copy(update={"tries": self.undo_tries})
        return of_kind.model_copy(update={"undo": undo})


def terms_now(model: type[BaseModel]) -> BaseModel:
    """Return the terms that a case is started under which is accepted now, each as the environment
    variable of its name says."""
    settings = create_model("TermsSettings", __base__=(model, BaseSettings))
    return model.model_validate(settings().model_dump())
