"""``python -m bench.bare``: what a Dapr workflow costs whose steps do nothing.

It has the sidecar and scheduler of a trip and the same SDK, but no services and no rules: what is
left is the price of being durable. The worker of these workflows is this process.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import uvloop
import yaml
from dapr.ext.workflow import DaprWorkflowContext, WorkflowActivityContext, WorkflowRuntime
from dapr.ext.workflow.aio import DaprWorkflowClient
from dapr.ext.workflow.logger import LoggerOptions
from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient

from bench import command
from bench.command import console
from bench.cpu import LOAD_CLIENT, Meter, spent
from bench.load import percentile
from bench.report import Report
from bench.site import HOME, PROJECT, Site
from bench.table import markdown

STEPS = (0, 1, 2, 5)
CONCURRENCY = (1, 16, 64)
ROUNDS = 3
_SECONDS = 5.0
_SIDECAR = "bare sidecar"
_QUIET = LoggerOptions(log_handler=logging.NullHandler())


def main() -> int:
    """Measure; return 0, 1 after an error, 130 after Ctrl+C."""
    wish = command.parser("bench.bare", __doc__).parse_args()
    return command.run(lambda: Report(bare()), "bare", wish.write)


def bare() -> str:
    """Start the system and a sidecar for the bare workflows; return the report of them.

    Raises SetupError.
    """
    site = Site()
    with command.stopped_after(site.close):
        console.print("Starting the system …")
        site.open()
        _start_sidecar(site)
        return uvloop.run(_measured(site.ports.bare_grpc))


def _start_sidecar(site: Site) -> None:
    """Start a sidecar like the orchestrator's, with a store of its own."""
    folder, ports = site.data("bare"), site.ports
    component = yaml.safe_load((PROJECT / "components" / "workflow-store.yaml").read_text())
    del component["scopes"]
    (folder / "workflow-store.yaml").write_text(
        yaml.safe_dump(component).replace("data/workflows.db", str(folder / "workflows.db"))
    )
    options = {
        "app-id": "bare",
        "resources-path": folder,
        "config": HOME / "components" / "configuration.yaml",
        "dapr-http-port": ports.bare_http,
        "dapr-grpc-port": ports.bare_grpc,
        "dapr-internal-grpc-port": ports.bare_internal,
        "metrics-port": ports.bare_metrics,
        "profile-port": -1,
        "dapr-listen-addresses": "127.0.0.1",
        "dapr-internal-grpc-listen-address": "127.0.0.1",
        "metrics-listen-address": "127.0.0.1",
        "placement-host-address": f"127.0.0.1:{site.system.template.placement_port}",
        "scheduler-host-address": f"127.0.0.1:{site.system.template.scheduler_port}",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    daprd = site.system.set_up().program("daprd")
    site.spawn(_SIDECAR, [daprd, *words], {"DAPR_HOST_IP": "127.0.0.1"})
    site.wait_for(f"http://127.0.0.1:{ports.bare_http}/v1.0/healthz")


@dataclass
class _Ends:
    """Who waits for which workflow to end; told by its last turn or step, like the trips' are."""

    loop: asyncio.AbstractEventLoop
    _waiting: dict[str, "asyncio.Future[None]"] = field(default_factory=dict)

    def of(self, instance_id: str) -> "asyncio.Future[None]":
        future = self._waiting[instance_id] = self.loop.create_future()
        return future

    def tell(self, instance_id: str) -> None:
        """Say that it ended; from any thread."""
        self.loop.call_soon_threadsafe(self._tell, instance_id)

    def _tell(self, instance_id: str) -> None:
        if future := self._waiting.pop(instance_id, None):
            future.set_result(None)


async def _measured(port: int) -> str:
    # Like the orchestrator's: no spans where there is no tracing, and a fast loop for the worker.
    GrpcInstrumentorClient().uninstrument()  # type: ignore[no-untyped-call]
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    ends = _Ends(asyncio.get_running_loop())
    runtime = WorkflowRuntime(port=str(port), logger_options=_QUIET)
    client = DaprWorkflowClient(port=str(port), logger_options=_QUIET)
    chain = _register(runtime, ends)
    runtime.start()  # type: ignore[no-untyped-call]
    try:
        await asyncio.to_thread(runtime.wait_for_worker_ready)
        return await _rounds(client, chain, ends)
    finally:
        runtime.shutdown()  # type: ignore[no-untyped-call]


def _register(runtime: WorkflowRuntime, ends: _Ends) -> Any:
    async def nothing(_: WorkflowActivityContext, last_of: str) -> None:
        if last_of:
            ends.tell(last_of)

    def chain(ctx: DaprWorkflowContext, steps: int) -> Generator[Any, Any, None]:
        for left in reversed(range(steps)):
            yield ctx.call_activity(nothing, input="" if left else ctx.instance_id)
        if not steps:
            ends.tell(ctx.instance_id)

    runtime.register_activity(nothing)
    runtime.register_workflow(chain)
    return chain


@dataclass(frozen=True)
class _Run:
    """Some seconds of workflows of so many steps. Latencies and CPU in ms, CPU by role."""

    steps: int
    at_once: int
    p50: float
    per_second: float
    cpu: dict[str, float]


async def _rounds(client: DaprWorkflowClient, chain: Any, ends: _Ends) -> str:
    for steps in STEPS:
        await _run("warm", steps, 16, client, chain, ends)
    runs = []
    for nth in range(ROUNDS):
        for at_once in CONCURRENCY:
            for steps in STEPS:
                run = await _run(f"bare-{nth}", steps, at_once, client, chain, ends)
                console.print(
                    f"round {nth + 1}  {steps} steps at {at_once:2}  {run.per_second:6.1f}/s  "
                    f"p50 {run.p50:6.1f} ms  CPU {sum(run.cpu.values()):5.1f} ms"
                )
                runs.append(run)
    return _table(runs)


async def _run(
    name: str, steps: int, at_once: int, client: DaprWorkflowClient, chain: Any, ends: _Ends
) -> _Run:
    latencies: list[float] = []
    meter = Meter()
    before, began = meter.cpu_seconds(), time.perf_counter()

    async def customer(number: int) -> None:
        while (asked := time.perf_counter()) < began + _SECONDS:
            instance = f"{name}-{steps}-{at_once}-{number}-{len(latencies)}-{asked}"
            end = ends.of(instance)
            await client.schedule_new_workflow(chain, input=steps, instance_id=instance)
            await end
            latencies.append((time.perf_counter() - asked) * 1000)

    await asyncio.gather(*map(customer, range(at_once)))
    seconds = time.perf_counter() - began
    cpu = spent(before, meter.cpu_seconds(), len(latencies))
    return _Run(steps, at_once, percentile(latencies, 50), len(latencies) / seconds, cpu)


def _table(runs: list[_Run]) -> str:
    """Return medians over the rounds."""
    roles = {"app": LOAD_CLIENT, "its sidecar": _SIDECAR, "scheduler": "scheduler"}
    rows = []
    for at_once in CONCURRENCY:
        for steps in STEPS:
            of = [run for run in runs if (run.at_once, run.steps) == (at_once, steps)]
            cpu = [median(run.cpu[role] for run in of) for role in roles.values()]
            figures = (median(run.p50 for run in of), median(run.per_second for run in of))
            cells = [f"{value:.1f}" for value in (*figures, sum(cpu), *cpu)]
            rows.append([str(at_once), str(steps), *cells])
    head = ["at once", "steps", "p50 ms", "workflows/s", "CPU ms", *roles]
    return markdown(head, rows)


if __name__ == "__main__":
    sys.exit(main())
