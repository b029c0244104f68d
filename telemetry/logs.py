"""Structured logs, one line an event: readable in a terminal, JSON with ``LOG_FORMAT=json``.

A traceback has no values of variables, and no line a mail address.
"""

import logging
import re
import sys
from typing import Any

import structlog
from opentelemetry import trace
from pydantic_settings import BaseSettings
from structlog.typing import EventDict, Processor, WrappedLogger

# Libraries that tell each turn of a workflow, and each line of a mail's delivery.
_CHATTY = ("durabletask-client", "durabletask-worker", "sagas.workflows", "mail.log")
_ADDRESS = re.compile(r"[^\s@<>\"'(),:;=\[\]{}]+@[^\s@<>\"'(),:;=\[\]{}]+")


class LogSettings(BaseSettings):
    """``LOG_FORMAT``: text or json; ``APP_LOG_LEVEL``: the least that is logged.

    ``APP_ID`` is set by ``dapr run``.
    """

    log_format: str = "text"
    app_log_level: str = "INFO"
    app_id: str = "app"


def set_up_logs() -> None:
    """Log everything through structlog, also what libraries log."""
    settings = LogSettings()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
    ]
    as_json = settings.log_format == "json"
    last: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _app_named(settings.app_id)],
            processors=[remove, *last, _without_addresses],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.app_log_level, force=True)
    if settings.app_log_level == "INFO":
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _without_addresses(_: WrappedLogger, __: str, line: Any) -> str:
    """Return the finished line without them."""
    return _ADDRESS.sub("…@…", line) if "@" in line else str(line)


def _with_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event


def _app_named(app_id: str) -> Processor:
    def name(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["app"] = app_id
        return event

    return name
