"""Every call of a delivery is refused, fails, is lost, cancelled, cut short by a crash: it is
brought to the door, or nothing of it is left. The fixture `town` checks which of the two.

Deliveries take their time, so those of one test go side by side, each with its own fault.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from runtime.system import System
from systems.delivery.tests.calls import CALLS, FORWARD, HAND_OVER, UNDONE, Call
from systems.delivery.tests.town import ORCHESTRATOR, Town
from tests.support.fault_proxy import Fault, Kind


@contextmanager
def placed(
    town: Town, calls: Iterable[Call], kind: Kind, name: str, times: float = float("inf")
) -> Iterator[dict[str, tuple[str, Fault]]]:
    """Place an order for each call, with this fault at that call inside the block."""
    with ExitStack() as stack:
        made = {}
        for call in calls:
            order_id = town.order_id(name)
            fault = town.proxies[call.service].fault(kind, call.of(order_id), times)
            made[call.step] = order_id, stack.enter_context(fault)
            town.place(order_id)
        yield made


def check_undone(order: Any, step: str) -> None:
    """Every step up to the call that leaves something is undone, in reverse order."""
    steps = [call.step for call in CALLS]
    begun = steps[: steps.index(step) + 1] if step in steps else steps
    undos = [UNDONE[name] for name in reversed(begun) if name in UNDONE]
    assert list(dict.fromkeys(entry["step"] for entry in order["compensations"])) == undos
    assert {entry["result"] for entry in order["compensations"]} <= {"done"}


def test_a_refused_call_undoes_all_before_it(town: Town) -> None:
    """But of a driver who may not pick up, another one is asked."""
    with placed(town, [*CALLS, HAND_OVER], "refused", "refused") as orders:
        for step, (order_id, fault) in orders.items():
            order = town.ended(order_id)
            assert fault.hits == 1, step
            if step == "pick up":
                assert order["status"] == "delivered"
                continue
            halt = {"step": step, "reason": "no", "detail": "It does not like it."}
            assert (order["status"], order["halt"]) == ("rejected", halt)
            check_undone(order, step)


@pytest.mark.parametrize("kind", ["error", "lost answer"])
def test_a_call_that_fails_for_good_undoes_all_before_it_and_itself(town: Town, kind: Kind) -> None:
    with placed(town, CALLS, kind, "failing") as orders:
        for step, (order_id, fault) in orders.items():
            order = town.ended(order_id)
            assert fault.hits == 4
            assert (order["status"], order["halt"]["step"]) == ("failed", step)
            check_undone(order, step)


def test_a_call_whose_answer_is_lost_is_done_once(town: Town) -> None:
    with placed(town, [*CALLS, *FORWARD], "lost answer", "lost", times=1) as orders:
        ends = {step: town.ended(order_id)["status"] for step, (order_id, _) in orders.items()}
        assert {step: fault.hits for step, (_, fault) in orders.items()} == dict.fromkeys(orders, 1)
    assert ends == dict.fromkeys(orders, "delivered")


def test_a_cancel_during_a_call_undoes_all_before_it_and_itself(town: Town) -> None:
    with placed(town, CALLS, "held", "cancelled", times=1) as orders:
        for order_id, fault in orders.values():
            fault.wait()
            assert town.ask(order_id, "cancel").status_code == 202
            fault.release()
    for step, (order_id, _) in orders.items():
        order = town.ended(order_id)
        assert order["status"] == "cancelled"
        check_undone(order, step)
        assert town.mails_of(order_id) == ["cancelled"]


@pytest.mark.parametrize("cancelled", [False, True])
def test_deliveries_at_every_call_go_on_after_a_crash_of_orchestrator_and_sidecar(
    town: Town, system: System, cancelled: bool
) -> None:
    with placed(town, CALLS if cancelled else [*CALLS, *FORWARD], "held", "killed") as orders:
        for order_id, fault in orders.values():
            fault.wait()
            if cancelled:
                assert town.ask(order_id, "cancel").status_code == 202
        system.kill("sidecar", ORCHESTRATOR)
        system.kill("app", ORCHESTRATOR)
    system.restart()
    ends = {step: town.ended(order_id)["status"] for step, (order_id, _) in orders.items()}
    assert ends == dict.fromkeys(orders, "cancelled" if cancelled else "delivered")


@pytest.mark.parametrize("kind", ["error", "refused"])
def test_past_the_pivot_what_fails_waits_for_a_person_and_goes_on(town: Town, kind: Kind) -> None:
    """But a hand-over that is refused has not passed it."""
    calls = FORWARD if kind == "error" else FORWARD[1:]
    with placed(town, calls, kind, "forward") as orders:
        for step, (order_id, _) in orders.items():
            order = town.parked(order_id)
            assert {each["step"] for each in order["attention"]["blocked"]} == {step}
            refused = town.ask(order_id, "cancel")
            assert (refused.status_code, refused.json()["reason"]) == (409, "too_late")
    for order_id, _ in orders.values():
        assert town.ask(order_id, "resume").status_code == 202
    for order_id, _ in orders.values():
        order = town.ended(order_id)
        assert order["status"] == "delivered"
        assert not order["compensations"]
