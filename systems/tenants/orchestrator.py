"""TenantOrchestrator over HTTP."""

from pathlib import Path

from sagas import Console, create_orchestrator
from systems.tenants.api import routes
from systems.tenants.console import pages
from systems.tenants.provisioning import TENANT_KIND

app = create_orchestrator(TENANT_KIND, Console(Path(__file__).parent / "templates", pages))
app.include_router(routes)
