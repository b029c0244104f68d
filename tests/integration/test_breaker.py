"""A service that is down for long: its circuit breaker opens, trips are refused at once, and it
closes by itself. All three are seen in the metrics of the orchestrator's sidecar."""

import re
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import httpx
import pytest

from runtime.system import System
from tests.support.variant import REPLICAS
from tests.support.waiting import until
from tests.support.world import FLIGHT, HOTEL, NOTIFICATION, ORCHESTRATOR, PAYMENT, World

TRIPS, AT_ONCE = 100, 8
# Those before it opened, and those that probed while it was open; each replica has its breaker.
MAY_TRY_AGAIN = 2 * AT_ONCE * REPLICAS


def activations(system: System, app_id: str, state: str) -> int:
    """Return how often a service's circuit breaker went to a state: open, half-open, closed."""
    sidecars = [app.metrics_port for app in system.replicas_of(ORCHESTRATOR)]
    told = "\n".join(httpx.get(f"http://127.0.0.1:{port}/metrics").text for port in sidecars)
    labels = rf'status="{state}",target="app_{app_id}.default"'
    line = rf"^dapr_resiliency_activations_total.*{labels}.* (\d+)$"
    return sum(map(int, re.findall(line, told, re.MULTILINE)))


def test_with_a_service_down_trips_are_refused_at_once_until_it_is_back(
    world: World, system: System
) -> None:
    opened, closed = (activations(system, HOTEL, state) for state in ("open", "closed"))
    system.kill("app", HOTEL)
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ids = [world.trip_id("down") for _ in range(TRIPS)]
            answers = list(pool.map(lambda i: world.book(i, world.request()), ids))
        assert activations(system, HOTEL, "open") > opened
    finally:
        system.restart()
    assert {answer.status_code for answer in answers} == {409}
    kept_back = [a for a in answers if a.json()["reason"] == "circuit_open" and _tries(a) == 1]
    waits = [answer.elapsed.total_seconds() for answer in kept_back]
    print(f"{len(kept_back)} of {TRIPS} refused at once, median {median(waits):.3f} s")
    assert len(kept_back) >= TRIPS - MAY_TRY_AGAIN
    world.works_again()
    assert activations(system, HOTEL, "closed") > closed


@pytest.mark.parametrize("app_id", [FLIGHT, HOTEL, PAYMENT, NOTIFICATION])
def test_refusals_open_no_breaker(world: World, system: System, app_id: str) -> None:
    """Dapr's own breakers would count them."""
    refusals: dict[str, dict[str, Any]] = {
        FLIGHT: {"flight": {"offerId": "SFO-JFK-20300101-99"}},
        HOTEL: {"hotel": {"city": "Nowhere at all"}},
        PAYMENT: {"paymentMethod": "pm_card_chargeDeclined"},
        NOTIFICATION: {"paymentMethod": "pm_card_unknown"},
    }
    opened = activations(system, app_id, "open")
    for _ in range(8):
        answer = world.book(world.trip_id("refused"), world.request(**refusals[app_id]))
        assert answer.json()["trip"]["status"] == "rejected", answer.text
    assert activations(system, app_id, "open") == opened
    assert world.book(world.trip_id("fine"), world.request()).status_code == 200


def test_a_service_that_answers_but_is_not_ready_opens_it_too(world: World, system: System) -> None:
    opened = activations(system, HOTEL, "open")
    with world.proxies[HOTEL].fault("error", lambda _: True):
        until(
            lambda: world.book(world.trip_id("unready"), world.request()).json()["reason"],
            lambda reason: reason == "circuit_open",
            "the breaker of the hotel service to open",
        )
    assert activations(system, HOTEL, "open") > opened
    world.works_again()


def _tries(answer: httpx.Response) -> int:
    return max(int(step["attempts"]) for step in answer.json()["trip"]["steps"])
