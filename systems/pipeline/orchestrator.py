"""RunOrchestrator over HTTP."""

from pathlib import Path

from sagas import Console, create_orchestrator
from systems.pipeline.console import ASKS, pages
from systems.pipeline.release import RUN

app = create_orchestrator(RUN, Console(Path(__file__).parent / "templates", pages, asks=ASKS))
