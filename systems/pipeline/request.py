"""What may be asked for: a run."""

from typing import Annotated

from pydantic import EmailStr, StringConstraints

from base.wire import Wire
from systems.pipeline.builder.models import Repository, Revision


class RunRequest(Wire):
    """Bring a commit of a git repository to production."""

    author_id: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,128}$")]
    author_email: EmailStr
    repository: Repository = "sample"
    commit: Revision = "main"
