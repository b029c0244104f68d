"""TestService over HTTP."""

from systems.pipeline.runner.service import create_runner_service
from systems.pipeline.tester.models import TestRequest

app = create_runner_service("TestService", "test", "systems.pipeline.tester.job", TestRequest)
