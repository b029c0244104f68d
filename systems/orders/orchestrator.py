"""OrderOrchestrator over HTTP."""

from pathlib import Path

from sagas import Console, create_orchestrator
from systems.orders.console import ASKS, pages
from systems.orders.fulfilment import ORDER

CONSOLE = Console(Path(__file__).parent / "templates", pages, asks=ASKS)

app = create_orchestrator(ORDER, CONSOLE)
