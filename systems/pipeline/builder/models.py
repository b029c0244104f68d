"""Wire types of BuildService."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from base.wire import Timestamp, Wire
from systems.pipeline.builder.repositories import checked_address, checked_revision

Repository = Annotated[
    str,
    AfterValidator(checked_address),
    Field(
        description="``sample``, the absolute path of a git repository on the builder's machine, "
        "or a URL of a scheme that it allows.",
        examples=["sample"],
    ),
]
Revision = Annotated[
    str,
    AfterValidator(checked_revision),
    Field(description="A commit's full id, or the name of a branch or tag, looked up once."),
]


class WorkspaceRequest(Wire):
    """Which commit to check out."""

    repository: Repository
    commit: Revision = "main"


class WorkspaceState(Wire):
    """A workspace: the commit that it has, who wrote that, and what its first line says."""

    id: str
    status: Literal["checked_out", "removed"]
    commit: str | None = None
    author: str | None = None
    subject: str | None = None
    committed_at: Timestamp | None = None


class BuildRequest(Wire):
    """Build a wheel of the commit that was checked out for the run, as of that time (Unix
    seconds): no other time gets into it."""

    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    committed_at: Annotated[int, Field(ge=315_532_800)]  # 1980: no zip file is older
