"""DeliveryOrchestrator over HTTP."""

from pathlib import Path

from sagas import Console, create_orchestrator
from systems.delivery import tracking
from systems.delivery.console import ASKS, pages
from systems.delivery.delivery import DELIVERY

app = create_orchestrator(DELIVERY, Console(Path(__file__).parent / "templates", pages, asks=ASKS))
app.include_router(tracking.router)
