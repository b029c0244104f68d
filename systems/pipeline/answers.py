"""What the saga needs of the participants' answers and words; more may be in them."""

from datetime import datetime

from pydantic import BaseModel, Field

from sagas import Refused

BUILD, TEST, SCAN, DEPLOY = "build-service", "test-service", "scan-service", "deploy-service"


class Source(BaseModel):
    """The commit that was checked out."""

    commit: str
    committed_at: datetime = Field(alias="committedAt")


class Ended(BaseModel):
    """What became of a job."""

    status: str
    reason: str = ""
    detail: str = ""
    result: dict[str, object] = {}

    @property
    def digest(self) -> str:
        """The SHA-256 of what a build made."""
        return str(self.result.get("digest", ""))

    def known(self) -> "Ended | Refused":
        """Refuse while it runs."""
        pending = Refused(reason="pending", detail="It runs.")
        return pending if self.status == "running" else self

    def no(self) -> Refused | None:
        """Return the refusal that a job amounts to which did not pass."""
        if self.status == "passed":
            return None
        return Refused(reason=self.reason or self.status, detail=self.detail or self.status)


class Leased(BaseModel):
    """A run's hold of an environment, or its place in the queue: that has no number yet."""

    status: str
    fence: int | None = None

    def known(self) -> "Leased | Refused":
        """Refuse while others hold it."""
        pending = Refused(reason="pending", detail="Others hold it.")
        return pending if self.status == "queued" else self

    def no(self) -> Refused | None:
        if self.status == "held":
            return None
        return Refused(reason="lease_lost", detail="The environment is not held any more.")


class Live(BaseModel):
    """An environment with a release: where it answers."""

    url: str


class Health(BaseModel):
    """How a release is that proves itself."""

    status: str = "unhealthy"
    detail: str = ""

    def no(self) -> Refused | None:
        return None if self.status == "healthy" else Refused(reason="unhealthy", detail=self.detail)


class Overtaken(BaseModel):
    """The run that waits for the environment."""

    by: str

    def no(self) -> Refused:
        return Refused(reason="overtaken", detail=f"{self.by} waits for the environment.")
