"""OrderOrchestrator over HTTP."""

from pathlib import Path

from sagas import Console, create_orchestrator
from systems.orders.console import pages
from systems.orders.fulfilment import ORDER

app = create_orchestrator(ORDER, Console(Path(__file__).parent / "templates", pages))
