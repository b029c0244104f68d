"""Every route and everybody: computed from the routes, so a new one without a rule is noticed."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI

from orchestrator.app import app as trips
from sagas import Progress
from sagas.people.identity import ROLES
from sagas.people.rules import OF_A_CASE, RULES, Deed
from sagas.web.people.deeds import Places, case_id_in
from systems.bank.orchestrator import app as transfers
from systems.delivery.orchestrator import app as deliveries
from systems.orders.orchestrator import app as orders
from systems.pipeline.orchestrator import app as runs
from systems.tenants.orchestrator import app as tenants
from systems.tenants.removals import app as removals
from tests.unit.errands import ERRAND, MILK, World
from tests.unit.peopled import OWN_PAGE, Peopled, through_sidecar

APPS = {
    "errand": World().app,
    "trip": trips,
    "order": orders,
    "transfer": transfers,
    "delivery": deliveries,
    "run": runs,
    "tenant": tenants,
    "removal": removals,
}
HERE, YES = {"where": "the shop"}, {"approved": True}

# Who comes, and what becomes of it by the deed: they are let in, or this is the answer. `owner` and
# `stranger` are customers; `judge` decides on cases, `party` too but owns this one.
WHO = (
    "nobody",
    "owner",
    "stranger",
    "operator",
    "judge",
    "party",
    "auditor",
    "messengers",
    "post-x",
)
IN = 0
MATRIX: Mapping[Deed, tuple[int, ...]] = {
    Deed.OPEN: (IN, IN, IN, IN, IN, IN, IN, IN, IN),
    Deed.ENTER: (IN, IN, IN, IN, IN, IN, IN, IN, IN),
    Deed.KNOW: (401, IN, IN, IN, IN, IN, IN, 403, 403),
    Deed.BEGIN: (401, IN, 403, 403, 403, 403, 403, 403, 403),
    Deed.LOOK: (401, IN, 404, IN, IN, IN, IN, 403, 403),
    Deed.LIST: (401, IN, IN, IN, IN, IN, IN, 403, 403),
    Deed.CANCEL: (401, IN, 404, IN, 403, 403, 403, 403, 403),
    Deed.RESUME: (401, 403, 403, IN, 403, 403, 403, 403, 403),
    Deed.DECIDE: (401, 403, 403, 403, IN, 403, 403, 403, 403),
    Deed.CHOOSE: (401, IN, 404, 403, 403, 403, 403, 403, 403),
    Deed.REPORT: (401, 403, 403, 403, 403, 403, 403, IN, 403),
    Deed.WATCH: (401, 403, 403, IN, IN, IN, IN, 403, 403),
    Deed.OPERATE: (401, 403, 403, IN, 403, 403, 403, 403, 403),
    Deed.MANAGE: (401, 403, 403, IN, 403, 403, 403, 403, 403),
}
BODIES: Mapping[str, Any] = {
    "/errands/{errand_id}": MILK,
    "/send/{errand_id}": MILK,
    "/errands/{errand_id}/signals/approval": YES,
    "/approve/{errand_id}": YES,
    "/errands/{errand_id}/signals/arrived": HERE,
}
NO_ROUTES_OF_THE_KIND = {"/console/apps", "/metrics", "/readyz"}


def deeds(app: FastAPI, name: str = "approval") -> dict[tuple[str, str], Deed]:
    """Return the deed of every route by its verb and path."""
    found: dict[tuple[str, str], Deed] = {}
    for place in Places(app).all:
        deed = place.deed({"name": name}) if callable(place.deed) else place.deed
        assert deed is not None, f"nobody said who may {sorted(place.verbs)} {place.path}"
        found |= {(verb, place.path): deed for verb in place.verbs}
    return found


@pytest.mark.parametrize("kind", APPS)
def test_every_route_of_every_app_has_a_rule(kind: str) -> None:
    assert len(deeds(APPS[kind])) > 30


@pytest.mark.parametrize("kind", APPS)
def test_a_route_about_a_case_says_in_its_path_about_which(kind: str) -> None:
    noun = type("Noun", (), {"noun": kind})
    for place in Places(APPS[kind]).all:
        deed = place.deed({"name": "approval"}) if callable(place.deed) else place.deed
        names = dict.fromkeys(place._pattern.groupindex, "x")
        assert (deed in OF_A_CASE) == bool(case_id_in(noun, names)) or deed is Deed.BEGIN, place  # type: ignore[arg-type]


def test_the_rules_speak_of_every_deed_and_of_known_roles() -> None:
    assert set(RULES) | {Deed.OPEN, Deed.ENTER} == set(Deed) == set(MATRIX)
    assert {role for rule in RULES.values() for role in rule} == set(ROLES)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Peopled:
    world = Peopled(tmp_path_factory.mktemp("people"))
    owner = world.as_one("c1", "customer")
    begun = world.ask("PUT", "/errands/e1", MILK, headers=owner | {"Prefer": "respond-async"})
    assert begun.status_code == 202
    asyncio.run(world.records.keep("e1", Progress(status="finished")))  # else its stream goes on
    return world


@pytest.fixture(scope="module")
def visitors(world: Peopled) -> dict[str, Any]:
    """The headers of everybody."""
    return {
        "nobody": OWN_PAGE,
        "owner": world.as_one("c1", "customer") | OWN_PAGE,
        "stranger": world.as_one("c2", "customer") | OWN_PAGE,
        "operator": world.as_one("olga", "operator") | OWN_PAGE,
        "judge": world.as_one("anna", "approver") | OWN_PAGE,
        "party": world.as_one("c1", "approver") | OWN_PAGE,
        "auditor": world.as_one("otto", "auditor") | OWN_PAGE,
        "messengers": [*through_sidecar("messengers"), *OWN_PAGE.items()],
        "post-x": [*through_sidecar("post-x"), *OWN_PAGE.items()],
    }


ROUTES = sorted(deeds(APPS["errand"]))


@pytest.mark.parametrize(("verb", "path"), ROUTES, ids=[" ".join(route) for route in ROUTES])
def test_everybody_at_every_route(
    world: Peopled, visitors: dict[str, Any], verb: str, path: str
) -> None:
    name = "approval"
    deed = deeds(world.app, name)[verb, path]
    asked = path.format(errand_id="e1", case_id="e1", name=name)
    if path in _FILES:
        asked = f"{path}/{_FILES[path]}"
    if path in NO_ROUTES_OF_THE_KIND:
        world.app.state.apps = world.app.state.sidecar = _Nothing()
    for visitor, expected in zip(WHO, MATRIX[deed], strict=True):
        form = {"choice": "Let them go", "case_id": "e9", "asked": '{"clientId":"c1","what":"x"}'}
        is_form = verb == "POST" and (path.startswith("/console") or path.startswith("/log"))
        body: Any = {"data": form} if is_form else {"body": BODIES.get(path)}
        answer = world.ask(verb, asked, headers=visitors[visitor], **body)
        code = answer.status_code
        if path == "/console/new" and visitor == "stranger":  # they get the form, for their own
            assert verb == "GET" or "may not ask for errands of c1" in answer.text
            assert code == (200 if verb == "GET" else 422)
        elif expected:
            assert code == expected, (visitor, deed, answer.text)
        else:
            assert code not in (401, 403, 404) or (path, code) in LOGIN, (visitor, answer.text)


_FILES = {"/static": "console.css", "/docs/files": "swagger-ui.css"}
LOGIN = {("/login/start", 404)}  # there is no provider here


def test_a_signal_is_said_by_whom_it_is_for() -> None:
    for app, name, expected in (
        (APPS["errand"], "arrived", Deed.REPORT),
        (APPS["errand"], "approval", Deed.DECIDE),
        (APPS["order"], "shortage", Deed.CHOOSE),
        (APPS["order"], "packed", Deed.REPORT),
    ):
        by_button = [deed for (_, path), deed in deeds(app, name).items() if "{name}" in path]
        assert by_button == [expected]
        by_call = [d for (_, path), d in deeds(app).items() if path.endswith(f"/signals/{name}")]
        assert set(by_call) == {expected}


class _Nothing:
    async def states(self) -> list[Any]:
        return []

    async def connected_workers(self) -> int:
        return 1


assert ERRAND.services == ["messengers", "post"]
