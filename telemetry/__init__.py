"""What all apps tell of themselves: traces, metrics, logs. It knows nothing of trips."""

from fastapi import FastAPI

from telemetry.logs import set_up_logs
from telemetry.metrics import add_metrics
from telemetry.tracing import trace_app


def observe(app: FastAPI) -> None:
    """Let ``app`` log, measure and trace."""
    set_up_logs()
    add_metrics(app)
    trace_app(app)
