"""Traces to Zipkin, where there is one. Without ``ZIPKIN_ENDPOINT`` nothing is traced.

The sidecars trace too; the W3C ``traceparent`` header, passed on with every call, makes one trace
of it all. A workflow's activities have their parent from the engine.
"""

from collections.abc import Sequence

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.grpc import (
    GrpcAioInstrumentorClient,
    GrpcInstrumentorClient,
    filters,
)
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes
from pydantic_settings import BaseSettings

_NOT_TRACED = "healthz,readyz,metrics,static,events,dapr"
_WORKFLOW_CALLS = filters.any_of(
    filters.method_name("StartInstance"), filters.method_name("RaiseEvent")
)


class _FromRequests(Sampler):
    """Follow what comes from a request; what the app does by itself makes no traces."""

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,  # noqa: ARG002
        name: str,  # noqa: ARG002
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002
        trace_state: TraceState | None = None,  # noqa: ARG002
    ) -> SamplingResult:
        parent = trace.get_current_span(parent_context).get_span_context()
        wanted = parent.trace_flags.sampled if parent.is_valid else kind is SpanKind.SERVER
        return SamplingResult(Decision.RECORD_AND_SAMPLE if wanted else Decision.DROP, attributes)

    def get_description(self) -> str:
        return "FromRequests"


class TracingSettings(BaseSettings):
    """``ZIPKIN_ENDPOINT``: where spans are posted, http://…/api/v2/spans; empty for no tracing.

    ``UNTRACED_PATHS``: regular expressions of more URLs that no trace is to have, with commas
    between: those that are secrets. ``APP_ID`` is set by ``dapr run``.
    """

    zipkin_endpoint: str = ""
    app_id: str = "app"
    untraced_paths: str = ""

    @property
    def excluded(self) -> str:
        """Regular expressions of URLs whose requests are not traced, with commas between."""
        return ",".join(filter(None, (_NOT_TRACED, self.untraced_paths)))


def trace_app(app: FastAPI) -> None:
    """Trace the requests of ``app``, and the calls that it makes, if there is a Zipkin."""
    settings = TracingSettings()
    if not settings.zipkin_endpoint:
        # The workflow SDK instruments gRPC when it is imported, which costs even without tracing.
        GrpcInstrumentorClient().uninstrument()  # type: ignore[no-untyped-call]
        return
    provider = TracerProvider(
        sampler=_FromRequests(), resource=Resource.create({SERVICE_NAME: settings.app_id})
    )
    exporter = ZipkinExporter(endpoint=settings.zipkin_endpoint)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    trace.set_tracer_provider(provider)
    FastAPIInstrumentor.instrument_app(
        app, excluded_urls=settings.excluded, exclude_spans=["receive", "send"]
    )
    AioHttpClientInstrumentor().instrument()
    GrpcAioInstrumentorClient(filter_=_WORKFLOW_CALLS).instrument()  # type: ignore[no-untyped-call]


def trace_id() -> str | None:
    """Return the id of the trace that the running code belongs to, or None."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
