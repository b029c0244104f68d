"""What may be asked for: a run."""

from pydantic import EmailStr

from base.wire import ShortText, Wire
from systems.pipeline.builder.models import Repository, Revision


class RunRequest(Wire):
    """Bring a commit of a git repository to production."""

    author_id: ShortText
    author_email: EmailStr
    repository: Repository = "sample"
    commit: Revision = "main"
