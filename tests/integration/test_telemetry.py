"""Metrics that a person on call asks for, and logs that can be searched."""

import json
import re
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from runtime import logs
from runtime.system import System
from tests.support import reach
from tests.support.world import FLIGHT, ORCHESTRATOR, PAYMENT, World

DASHBOARD = Path(__file__).resolve().parent.parent.parent / "docs/monitoring/grafana-dashboard.json"


def metric(system: System, app_id: str, name: str, **labels: str) -> float:
    """Return the sum of a metric's samples that have these labels, over all replicas."""
    headers = system.app_headers(app_id)
    return sum(
        sample.value
        for app in system.replicas_of(app_id)
        for family in text_string_to_metric_families(
            httpx.get(f"http://127.0.0.1:{app.port}/metrics", headers=headers).text
        )
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_trips_steps_and_compensations_are_counted(world: World, system: System) -> None:
    def counted() -> list[float]:
        return [
            metric(system, ORCHESTRATOR, "cases_ended_total", status="confirmed"),
            metric(system, ORCHESTRATOR, "cases_ended_total", reason="card_declined"),
            metric(system, ORCHESTRATOR, "saga_step_seconds_count", step="charge"),
            metric(system, ORCHESTRATOR, "saga_compensations_total", step="refund", result="done"),
            metric(system, FLIGHT, "reservations_total", done="held"),
            metric(system, PAYMENT, "charges_total", done="declined"),
        ]

    before = counted()
    world.book(world.trip_id("counted"), world.request())
    world.book(world.trip_id("counted"), world.request(paymentMethod="pm_card_chargeDeclined"))
    grown = [now - then for now, then in zip(counted(), before, strict=True)]
    assert grown == [1, 1, 2, 1, 2, 1]


def test_no_metric_has_a_trip_for_a_label(world: World, system: System) -> None:
    """One label a trip would be memory that is never given back."""
    trip_id = world.trip_id("unlabelled")
    world.book(trip_id, world.request())
    for app in system.template.apps:
        for port in (app.port, app.metrics_port):
            headers = system.app_headers(app.app_id)
            told = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=headers).text
            assert "# TYPE" in told
            assert trip_id not in told, f"{app.name}, port {port}"


def test_the_dashboard_asks_only_for_metrics_there_are(world: World, system: System) -> None:
    world.book(world.trip_id("seen"), world.request(paymentMethod="pm_card_chargeDeclined"))
    told = "".join(reach.app(system, app).get("/metrics").text for app in (ORCHESTRATOR, FLIGHT))
    asked = {
        name
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel["targets"]
        for name in re.findall(r"[a-z_]+(?=[\[{)])", target["expr"])
        if "_" in name and not name.startswith("histogram")
    }
    assert {name for name in asked if f"# TYPE {_family(name)} " not in told} == set()


def test_a_trips_log_lines_bear_its_id(world: World, system: System) -> None:
    trip_id = world.trip_id("logged")
    world.book(trip_id, world.request())
    for app_id, says in ((ORCHESTRATOR, "trip confirmed"), (FLIGHT, "held"), (PAYMENT, "charged")):
        lines = "\n".join(
            log.read_text() for log in logs.folder(system.home).glob(f"{app_id}_app*.log")
        )
        assert re.search(rf"\b{says}\b.*case_id={trip_id}\b", lines), f"{app_id} did not log it"


def _family(name: str) -> str:
    return name.removesuffix("_bucket")
