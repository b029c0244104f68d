"""Orders at whose door people are asked who they are: the services that take part are heard."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from runtime import identity
from runtime.system import System
from sagas.people.keys import Keys
from systems.orders.tests.shop import ORCHESTRATOR, PAYMENT, SHIPPING, WAREHOUSE, lines
from systems.orders.words import EXAMPLE
from tests.support.waiting import until
from tests.support.whole_system import beside

# Nobody asks the services for what they do not tell: their word has to be taken.
ENV = {WAREHOUSE: {"PACKING_SECONDS": "1"}, SHIPPING: {"CARRIER_SECONDS": "1"}}


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """Orders on real sidecars, with people."""
    with beside("orders", ENV, people=True) as system:
        yield system


@pytest.fixture(scope="module")
def ask(system: System) -> Any:
    """Asks the orchestrator, as somebody or as nobody."""
    keys = Keys(system.home / identity.KEYS)
    customer = EXAMPLE["customerId"]
    proof = {
        "owner": keys.make(customer, ["customer"]),
        "operator": keys.make("olga", ["operator"]),
    }

    def asked(verb: str, path: str, who: str = "", body: Any = None, **headers: str) -> Any:
        known = {"X-API-Key": proof[who]} if who else {}
        url = system.app_url(ORCHESTRATOR) + path
        return httpx.request(verb, url, json=body, headers=known | headers, timeout=60)

    return asked


def order(**quantities: int) -> dict[str, Any]:
    return EXAMPLE | {"lines": lines(**quantities)}


def test_an_order_is_fulfilled_by_the_words_of_warehouse_and_carrier(ask: Any) -> None:
    begun = ask("PUT", "/orders/people-1", "owner", order(kettle=1), Prefer="respond-async")
    assert begun.status_code == 202, begun.text
    end = until(
        lambda: ask("GET", "/orders/people-1", "owner").json(),
        lambda shown: shown["status"] != "running",
        "the end of the order",
    )
    assert end["status"] == "fulfilled"
    assert {wait["signal"] for wait in end["waits"]} >= {"packed", "carrier"}


def test_nobody_else_speaks_for_warehouse_and_carrier(ask: Any, system: System) -> None:
    packed = {"status": "packed", "attempt": "pick-1"}
    at = "/orders/people-1/signals/packed"
    assert ask("POST", at, "", packed).status_code == 401
    for who in ("owner", "operator"):
        assert ask("POST", at, who, packed).json()["reason"] == "not_allowed"
    claimed = {"dapr-caller-app-id": WAREHOUSE, "dapr-api-token": "guessed"}
    assert ask("POST", at, "", packed, **claimed).status_code == 401
    through = f"{system.sidecar_url(PAYMENT)}/v1.0/invoke/{ORCHESTRATOR}/method"
    looked = httpx.get(f"{through}/orders/people-1")
    assert (looked.status_code, looked.json()["reason"]) == (403, "not_allowed")


def test_the_owner_and_nobody_else_decides_on_a_shortage(ask: Any) -> None:
    ask("PUT", "/orders/people-2", "owner", order(bowl=1), Prefer="respond-async")
    until(
        lambda: ask("GET", "/orders/people-2", "owner").json().get("step"),
        lambda step: step == "shortage",
        "the shortage",
    )
    at, cancel = "/orders/people-2/signals/shortage", {"choice": "cancel"}
    assert ask("POST", at, "operator", cancel).status_code == 403
    assert ask("POST", at, "owner", cancel).status_code == 202
    end = until(
        lambda: ask("GET", "/orders/people-2", "owner").json(),
        lambda shown: shown["status"] != "running",
        "the end of the order",
    )
    assert end["halt"]["reason"] == "out_of_stock"
    audit = ask("GET", "/orders/people-2/audit", "operator").json()
    owner = EXAMPLE["customerId"]
    told = [(event["event"], event["by"]) for event in audit if "by" in event]
    assert told == [("accepted", owner), ("signal_sent", owner)]
