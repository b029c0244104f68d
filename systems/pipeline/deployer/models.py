"""Wire types of DeployService."""

from typing import Annotated, Literal

from pydantic import Field

from base.wire import Timestamp, Wire
from systems.pipeline.deployer.environments import Why
from systems.pipeline.runner.models import Digest

Fence = Annotated[int, Field(strict=True, ge=1)]


class LeaseState(Wire):
    """What a run has of an environment. Of one that holds it: the fencing number, until when it
    lasts, and the release that an undo puts back. Of one that is queued: how many are before it."""

    environment: str
    run: str
    status: Literal["held", "queued", "released"]
    fence: int | None = None
    until: Timestamp | None = None
    previous: str | None = None
    before: int | None = None


class DeploymentRequest(Wire):
    """Which release to put live: the SHA-256 of its wheel; and the number of the hold."""

    release: Digest
    fence: Fence


class KeepRequest(Wire):
    """The number of the hold under which a release is to stay."""

    fence: Fence


class RollbackRequest(Wire):
    """Which release to go back to; without one, to the one before the newest that stayed."""

    release: Digest | None = None


class DeploymentState(Wire):
    """What a run finds in an environment: where that answers, which release is live, and whether it
    is well. What was live before is of the environment."""

    name: str
    url: str
    release: str | None = None
    healthy: bool


class ChangeState(Wire):
    """A change of an environment: to which release, if any, by which run, why, and when."""

    release: str | None = None
    run: str | None = None
    why: Why
    at: Timestamp


class EnvironmentState(DeploymentState):
    """An environment: who holds it and who waits, the releases that were kept, and what was live
    before, newest last."""

    holder: str | None = None
    waiting: list[str] = Field(default_factory=list)
    kept: list[str] = Field(default_factory=list)
    history: list[ChangeState] = Field(default_factory=list)


class EnvironmentList(Wire):
    environments: list[EnvironmentState]


class Leased(Wire):
    """What the signal ``leased`` says: a run that was queued holds the environment."""

    status: Literal["held"] = "held"
    fence: int
    previous: str | None = None


class Health(Wire):
    """What the signal ``health`` says of a release that is not well."""

    status: Literal["unhealthy"] = "unhealthy"
    detail: str


class Overtaken(Wire):
    """What the signal ``overtaken`` says: another run waits for the environment."""

    by: str
