"""TripOrchestrator over HTTP."""

from pathlib import Path

from orchestrator.answers import NOTIFICATION
from orchestrator.form import pages
from orchestrator.trip import TRIP
from sagas import Console, create_orchestrator

CONSOLE = Console(
    Path(__file__).parent / "templates",
    pages,
    form="/console/book",
    asks=[(NOTIFICATION, "GET notifications/{id}")],
)

app = create_orchestrator(TRIP, CONSOLE)
