"""TripOrchestrator over HTTP."""

from pathlib import Path

from orchestrator.form import pages
from orchestrator.trip import TRIP
from sagas import Console, create_orchestrator

_TEMPLATES = Path(__file__).parent / "templates"

app = create_orchestrator(TRIP, Console(_TEMPLATES, pages, form="/console/book"))
