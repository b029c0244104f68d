"""What a run hears while it waits: of its jobs, of the environments, and of who approves."""

from typing import Any

from base.wire import ShortText, Wire
from sagas import Refused, Signal
from systems.pipeline.answers import BUILD, DEPLOY, SCAN, TEST, Ended, Health, Leased, Overtaken
from systems.pipeline.request import RunRequest


class Approval(Wire):
    """Whether a release may go to production, and who says so. It is about one release: its
    ``attempt`` is the digest of that."""

    by: ShortText
    approved: bool

    def no(self) -> Refused | None:
        if self.approved:
            return None
        return Refused(reason="not_approved", detail=f"{self.by} did not approve it.")


def _own(run: RunRequest, said: Approval) -> Refused | None:
    """Nobody approves a run of their own."""
    if said.by.strip().casefold() != run.author_id.strip().casefold():
        return None
    return Refused(reason="own_run", detail="Whoever asked for a run does not decide on it.")


def _of_job(name: str, service: str) -> Signal[Ended]:
    check, told = Ended.no, lambda said: said.detail
    return Signal(name, Ended, "participant", check, told, service=service)


BUILT, TESTED = _of_job("build", BUILD), _of_job("tests", TEST)
SCANNED, INTEGRATED = _of_job("scan", SCAN), _of_job("integration", TEST)
LEASED = Signal("leased", Leased, by="participant", check=Leased.no, service=DEPLOY)
HEALTH = Signal("health", Health, by="participant", check=Health.no, service=DEPLOY)
OVERTAKEN = Signal("overtaken", Overtaken, by="participant", check=Overtaken.no, service=DEPLOY)
APPROVAL = Signal(
    "approval",
    Approval,
    check=Approval.no,
    told=lambda said: f"{'Approved' if said.approved else 'Refused'} by {said.by}.",
    forbids=_own,
)
SIGNALS: list[Signal[Any]] = [
    BUILT,
    TESTED,
    SCANNED,
    INTEGRATED,
    LEASED,
    HEALTH,
    OVERTAKEN,
    APPROVAL,
]
