"""The last seats and rooms, fought for by many trips at once over several processes."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from runtime import processes
from runtime.ports import shifted
from runtime.system import System
from tests.conftest import SPARE_PORTS
from tests.support.fault_proxy import about
from tests.support.waiting import until
from tests.support.world import FLIGHT, HOTEL, World

AT_ONCE = 32


@contextmanager
def several_processes(world: World, system: System, app_id: str) -> Iterator[None]:
    """Let the service run in three processes, each of which gets a third of the calls."""
    [app] = [p for p in system.processes_of("app", app_id, 1) if "uvicorn" in p.cmdline()]
    port = str(httpx.URL(system.app_url(app_id)).port)
    spares = [shifted(spare, system.changes.by) for spare in SPARE_PORTS[app_id]]
    started = []
    for spare in spares:
        command = [word if word != port else str(spare) for word in app.cmdline()]
        log = system.home / ".dapr" / "logs" / f"{app_id}_app_{spare}.log"
        started.append(processes.spawn(command, system.home, log, app.environ(), system.home))
    urls = [f"http://127.0.0.1:{port}" for port in (port, *spares)]
    for url in urls:
        until(partial(_answers, f"{url}/readyz"), bool, f"{url} to be ready")
    try:
        with world.proxies[app_id].spread_over(urls):
            yield
    finally:
        for process in started:
            process.terminate()
            process.wait(10)


@pytest.mark.parametrize(
    ("app_id", "trips", "places"), [(FLIGHT, 200, 40), (HOTEL, 60, 12)], ids=["seats", "rooms"]
)
def test_exactly_as_many_trips_are_confirmed_as_there_are_places(
    world: World, system: System, app_id: str, trips: int, places: int
) -> None:
    body = world.request(flight={"passengers": 1}, hotel={"guests": 2})
    part, look = ("flight", world.seats_left) if app_id == FLIGHT else ("hotel", world.rooms_left)
    offer_id, free = next(iter(look(body).items()))
    body[part]["offerId"] = offer_id
    take(world, app_id, body[part], free - places)
    assert look(body)[offer_id] == places
    trip_ids = [world.trip_id(f"last-{part}") for _ in range(trips)]
    with (
        several_processes(world, system, app_id),
        world.proxies[app_id].fault("none", about("last-", "PUT")) as holds,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        list(pool.map(lambda i: world.book(i, body, Prefer="respond-async"), trip_ids))
        ended = [world.ended(trip_id, within=120) for trip_id in trip_ids]
    assert Counter(trip["status"] for trip in ended) == {
        "confirmed": places,
        "rejected": trips - places,
    }
    assert look(body).get(offer_id, 0) == 0
    reasons = {trip["halt"]["reason"] for trip in ended if trip["status"] == "rejected"}
    assert reasons == {"sold_out"}
    tries = holds.hits / trips
    print(f"{trips} trips for {places} places: {tries:.2f} holds a trip")
    assert tries < 1.5, "trips that lose a race must not come back as a storm"


def test_places_of_holds_that_nobody_confirms_go_to_others_once(
    world: World, system: System
) -> None:
    """Holds are left behind on the last seats; when they lapse, exactly that many trips get one."""
    body = world.request(flight={"passengers": 1})
    offer_id, free = next(iter(world.seats_left(body).items()))
    body["flight"]["offerId"] = offer_id
    take(world, FLIGHT, body["flight"], free - 6)
    left_behind = [world.trip_id("abandoned") for _ in range(6)]
    flights = world.services[FLIGHT]
    for hold_id in left_behind:
        flights.put(f"/reservations/{hold_id}", json=body["flight"]).raise_for_status()
    early = world.book(world.trip_id("early"), body)
    assert (early.status_code, early.json()["reason"]) == (409, "sold_out")
    with several_processes(world, system, FLIGHT):
        until(
            lambda: world.seats_left(body),
            lambda left: left.get(offer_id, 0) == 6,
            "the holds to lapse",
        )
        trip_ids = [world.trip_id("late") for _ in range(24)]
        with ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(lambda i: world.book(i, body), trip_ids))
    assert Counter(answer.status_code for answer in answers) == {200: 6, 409: 18}
    for hold_id in left_behind:
        until(
            partial(world.reservation, FLIGHT, hold_id),
            lambda found: found is not None and found["status"] == "expired",
            f"{hold_id} to be expired",
        )
        late = flights.post(f"/reservations/{hold_id}/confirm")
        assert (late.status_code, late.json()["reason"]) == (409, "hold_expired")


def take(world: World, app_id: str, wish: dict[str, Any], quantity: int) -> None:
    """Hold and confirm so many places directly at the service."""
    people, step = ("passengers", 9) if app_id == FLIGHT else ("guests", 8)
    places = step if app_id == FLIGHT else step // 2
    service = world.services[app_id]
    serial = world.trip_id("taken")
    for n, left in enumerate(range(quantity, 0, -places)):
        count = min(places, left) * (1 if app_id == FLIGHT else 2)
        url = f"/reservations/{serial}.{n}"
        service.put(url, json=wish | {people: count}).raise_for_status()
        service.post(f"{url}/confirm").raise_for_status()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False
