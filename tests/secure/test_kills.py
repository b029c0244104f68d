"""A secure system outlives its parts: who comes back is known again."""

import pytest

from runtime.system import System
from tests.support.world import HOTEL, ORCHESTRATOR, World


@pytest.mark.parametrize(
    "killed",
    [
        [("sentry", "")],
        [("placement", "")],
        [("scheduler", "")],
        [("sidecar", HOTEL)],
        [("app", HOTEL), ("app", ORCHESTRATOR), ("sidecar", ORCHESTRATOR)],
    ],
    ids=["sentry", "placement", "scheduler", "a sidecar", "apps"],
)
def test_a_trip_is_confirmed_after_a_death(
    world: World, secure: System, killed: list[tuple[str, str]]
) -> None:
    for kind, app_id in killed:
        secure.kill(kind, app_id)
    secure.restart()
    world.works_again()


def test_without_sentry_what_runs_goes_on(world: World, secure: System) -> None:
    """Certificates last a day, and are renewed when half of it is over."""
    secure.kill("sentry")
    try:
        assert world.book(world.trip_id("alone"), world.request()).status_code == 200
    finally:
        secure.restart()
