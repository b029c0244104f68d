"""Wire types of TestService."""

from typing import Annotated

from pydantic import StringConstraints

from base.wire import Wire
from systems.pipeline.runner.models import Commit, Digest


class Against(Wire):
    """An environment to test: where it answers, and which release has to."""

    url: Annotated[str, StringConstraints(pattern=r"^http://[A-Za-z0-9.-]+:[0-9]{1,5}$")]
    release: Digest


class TestRequest(Wire):
    """Run the tests in ``tests`` of the commit; with ``against``, those in ``integration``."""

    __test__ = False  # it is no test

    commit: Commit
    against: Against | None = None
