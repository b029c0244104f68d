"""More bookings than the orchestrator takes at once: it says so, and loses and spoils nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from runtime.system import System
from tests.conftest import BOOKINGS_AT_ONCE
from tests.support.waiting import until
from tests.support.world import FLIGHT, HOTEL, World

AT_ONCE = int(BOOKINGS_AT_ONCE)
MANY = AT_ONCE + 60


@contextmanager
def frozen(system: System, *services: str) -> Iterator[None]:
    """Freeze the apps of services for as long as this lasts."""
    for service in services:
        system.freeze("app", service)
    try:
        yield
    finally:
        for service in services:
            system.thaw("app", service)


def test_what_is_too_much_is_refused_at_once_and_taken_later(world: World, system: System) -> None:
    requests = {world.trip_id("many"): world.request() for _ in range(MANY)}

    def book(trip_id: str) -> httpx.Response:
        return world.book(trip_id, requests[trip_id], Prefer="respond-async")

    # No trip goes on meanwhile: the first would give up their places before the last is booked.
    with frozen(system, FLIGHT, HOTEL), ThreadPoolExecutor(16) as pool:
        answers = dict(zip(requests, pool.map(book, requests), strict=True))
    refused = [trip_id for trip_id, answer in answers.items() if answer.status_code == 429]
    assert {answer.status_code for answer in answers.values()} == {202, 429}
    for trip_id in refused:
        assert int(answers[trip_id].headers["Retry-After"]) >= 1
        assert answers[trip_id].json()["reason"] == "busy"
    unknown = world.orchestrator.get(f"/trips/{refused[-1]}")
    assert unknown.status_code == 404
    for trip_id in refused:
        until(lambda: book(trip_id).status_code, (202).__eq__, "a place")  # noqa: B023 called at once
    for trip_id in requests:
        world.ended(trip_id)
