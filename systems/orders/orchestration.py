"""Where the participants find who asked them."""

from pydantic_settings import BaseSettings


class OrchestratorSettings(BaseSettings):
    """``ORCHESTRATOR_APP_ID``: the Dapr app-id of the orchestrator of orders."""

    orchestrator_app_id: str = "order-orchestrator"


ORDERS = "orders"
"""The plural of its noun, in its paths."""
