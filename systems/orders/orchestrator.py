"""OrderOrchestrator over HTTP."""

from sagas import create_orchestrator
from systems.orders.fulfilment import ORDER

app = create_orchestrator(ORDER)
