"""TenantOrchestrator over HTTP."""

from pathlib import Path

from sagas import Console, create_orchestrator
from systems.tenants import removal_ids, verified
from systems.tenants.api import routes
from systems.tenants.console import pages
from systems.tenants.provisioning import TENANT_KIND

CONSOLE = Console(
    Path(__file__).parent / "templates", pages, asks=[*verified.ASKS, *removal_ids.ASKS]
)

app = create_orchestrator(TENANT_KIND, CONSOLE)
app.include_router(routes)
