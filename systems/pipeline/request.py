"""What may be asked for: a run, and the terms that it is taken on."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, EmailStr, StringConstraints

from base.wire import Wire
from systems.pipeline.builder.models import Repository, Revision


class RunRequest(Wire):
    """Bring a commit of a git repository to production."""

    author_id: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,128}$")]
    author_email: EmailStr
    repository: Repository = "sample"
    commit: Revision = "main"


class RunTerms(BaseModel, extra="allow"):
    """How long a run waits, in seconds: for an ``approval``, for an environment that others hold
    (``queue``), for a ``job``, while a release proves itself (``bake``), and before it asks for a
    word that may have got lost (``look``)."""

    approval_seconds: float = 86_400.0
    queue_seconds: float = 172_800.0
    job_seconds: float = 3_600.0
    bake_seconds: float = 10.0
    look_seconds: float = 15.0

    def wait(self, name: str) -> timedelta:
        """Return how long a wait of this name lasts."""
        return timedelta(seconds=getattr(self, f"{name}_seconds"))
