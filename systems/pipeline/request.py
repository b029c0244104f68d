"""What may be asked for: a run."""

from typing import Annotated

from pydantic import EmailStr, StringConstraints

from base.wire import OneLine, Wire
from systems.pipeline.builder.models import Repository, Revision


class RunRequest(Wire):
    """Bring a commit of a git repository to production."""

    author_id: Annotated[str, StringConstraints(min_length=1, max_length=128), OneLine]
    author_email: EmailStr
    repository: Repository = "sample"
    commit: Revision = "main"
