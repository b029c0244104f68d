"""RunOrchestrator over HTTP."""

from sagas import create_orchestrator
from systems.pipeline.release import RUN

app = create_orchestrator(RUN)
