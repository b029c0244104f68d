"""The workflow engine of a running system, by the protocol that its worker speaks too."""

from unittest.mock import patch

from dapr.conf import settings
from dapr.ext.workflow import DaprWorkflowClient, WorkflowState

from runtime import template
from runtime.system import TOKEN_HEADER, System
from tests.support.world import ORCHESTRATOR


def terminate(system: System, workflow_id: str) -> None:
    """End a workflow from outside, as nothing of the project does."""
    _client(system).terminate_workflow(workflow_id)


def tell(system: System, workflow_id: str, event: str, word: object) -> None:
    """Raise an event past the door, as whoever reaches the sidecar can."""
    _client(system).raise_workflow_event(workflow_id, event, data=word)


def state(system: System, workflow_id: str) -> WorkflowState | None:
    """Return what the engine knows of a workflow; None once that is gone."""
    return _client(system).get_workflow_state(workflow_id)


def _client(system: System) -> DaprWorkflowClient:
    _, app = template.sections(system.template.path, ORCHESTRATOR, 1)
    shown = system.sidecar_headers(ORCHESTRATOR)
    with patch.object(settings, "DAPR_API_TOKEN", shown.get(TOKEN_HEADER)):
        return DaprWorkflowClient(host="127.0.0.1", port=str(app["daprGRPCPort"]))
