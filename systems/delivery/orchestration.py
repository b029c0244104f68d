"""Where the participants find who asked them, and how fast time goes."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class OrchestratorSettings(BaseSettings):
    """``ORCHESTRATOR_APP_ID``: the Dapr app-id of the orchestrator of deliveries. ``SPEED``: how
    many seconds of the city pass in one of ours."""

    orchestrator_app_id: str = "delivery-orchestrator"
    speed: Annotated[float, Field(gt=0, le=1000)] = 1.0


DELIVERIES = "deliveries"
"""The plural of its noun, in its paths."""
