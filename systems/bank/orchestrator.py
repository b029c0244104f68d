"""TransferOrchestrator over HTTP."""

from pathlib import Path

from sagas import Console, create_orchestrator
from systems.bank.console import ASKS, pages
from systems.bank.transfer import TRANSFER

app = create_orchestrator(TRANSFER, Console(Path(__file__).parent / "templates", pages, asks=ASKS))
