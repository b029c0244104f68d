"""Where the participants find who asked them."""

from pydantic_settings import BaseSettings


class OrchestratorSettings(BaseSettings):
    """``ORCHESTRATOR_APP_ID``: the Dapr app-id of the orchestrator of runs."""

    orchestrator_app_id: str = "run-orchestrator"


RUNS = "runs"
"""The plural of its noun, in its paths."""
