"""RemovalOrchestrator over HTTP."""

from sagas import create_orchestrator
from systems.tenants.removal import REMOVAL

app = create_orchestrator(REMOVAL)
