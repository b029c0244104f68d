"""One trace a trip, over all five apps; and without Zipkin, not a word about tracing."""

import re
import time
from typing import Any

import httpx
import pytest

from runtime import logs
from runtime.system import System
from tests.support import reach
from tests.support.waiting import until
from tests.support.world import (
    FLIGHT,
    HOTEL,
    NOTIFICATION,
    ORCHESTRATOR,
    PAYMENT,
    booking,
    fresh_day,
)

STEPS = ["search flight", "search hotel", "hold flight", "hold hotel", "charge"]
CONFIRMED = [*STEPS, "confirm flight", "confirm hotel", "send confirmation"]
DECLINED = [*STEPS, "refund", "cancel flight", "cancel hotel", "send refusal"]
ALL = {FLIGHT, HOTEL, PAYMENT, NOTIFICATION, ORCHESTRATOR}

Span = dict[str, Any]


def trace_of(system: System, zipkin_url: str, method: str, steps: list[str]) -> list[Span]:
    """Book a trip and return its trace once all of it has arrived: sidecars send every 5 s.

    Whoever sends spans drops those that it cannot send in time. So a trip whose trace has a hole is
    followed by another, twice.
    """
    seen = ""
    for number in range(3):
        trace_id = traced(system, f"traced-{method}-{number}", method)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            spans = spans_of(zipkin_url, trace_id)
            missing = set(steps) - {span["name"] for span in spans}
            if not missing and not orphans(spans):
                return spans
            seen = f"no spans of {missing}, no parents of {orphans(spans)}"
            time.sleep(0.2)
    raise AssertionError(f"No trace of three is whole; of the last, there are {seen}.")


def traced(system: System, trip_id: str, method: str) -> str:
    """Book a trip, see it end, and return the id of its trace."""
    url, app = f"/trips/{trip_id}", reach.app(system, ORCHESTRATOR)
    app.put(url, json=booking(fresh_day(), paymentMethod=method))
    trip = until(
        lambda: app.get(url).json(), lambda seen: seen["status"] != "running", "its end", 90
    )
    return str(trip["traceId"])


def spans_of(zipkin_url: str, trace_id: str) -> list[Span]:
    answer = httpx.get(f"{zipkin_url}/api/v2/trace/{trace_id}")
    return list(answer.json()) if answer.is_success else []


def orphans(spans: list[Span]) -> list[Span]:
    """Return the spans whose parent is missing."""
    ids = {span["id"] for span in spans}
    return [span for span in spans if span.get("parentId", span["id"]) not in ids]


def services(spans: list[Span]) -> set[str]:
    return {span["localEndpoint"]["serviceName"] for span in spans}


def children(spans: list[Span], of: Span, name: str) -> list[Span]:
    return [s for s in spans if s.get("parentId") == of["id"] and name in s["name"]]


@pytest.mark.parametrize(
    ("method", "steps"),
    [("pm_card_visa", CONFIRMED), ("pm_card_chargeDeclined", DECLINED)],
    ids=["confirmed", "declined"],
)
def test_a_trip_is_one_trace_of_every_app_and_every_step(
    supervised: System, zipkin_url: str, method: str, steps: list[str]
) -> None:
    spans = trace_of(supervised, zipkin_url, method, steps)
    assert services(spans) == ALL
    [root] = [span for span in spans if "parentId" not in span]
    assert root["name"] == "put /trips/{trip_id}"
    [workflow] = [span for span in spans if span["name"] == "orchestration||trip"]
    by_id = {span["id"]: span for span in spans}
    for step in steps:
        [made] = [span for span in spans if span["name"] == step]
        worked = by_id[made["parentId"]]
        activity = by_id[worked["parentId"]]
        assert worked["name"].startswith("activity: ")
        assert activity["name"].startswith("activity||")
        assert activity["parentId"] == workflow["id"]
        [call] = [s for s in spans if s.get("parentId") == made["id"] and s["kind"] == "CLIENT"]
        assert children(spans, call, "calllocal/"), f"{step} called no service"
    assert [span for span in spans if span["name"].startswith("/v1.0/state/flight-store")]


def test_without_zipkin_no_log_speaks_of_tracing(system: System) -> None:
    for log in logs.folder(system.home).glob("*.log"):
        bad = [
            line
            for line in log.read_text(errors="replace").splitlines()
            if re.search(r"level=error|\[error", line)
            and ("zipkin" in line.lower() or "trace" in line.lower())
        ]
        assert not bad, f"{log}: {bad[:3]}"
