"""Every call of an order up to the pivot is refused, fails, is lost, cancelled, cut short by a
crash: the order is whole, or nothing of it is left. The fixture `shop` checks which of the two."""

from contextlib import ExitStack

import pytest

from runtime.system import System
from systems.orders.tests.calls import CALLS, FORWARD, HAND_OVER, Call
from systems.orders.tests.shop import ORCHESTRATOR, Shop
from tests.support.fault_proxy import Kind

UNDONE = {
    "reserve stock": "release stock",
    "authorise": "cancel payment",
    "pick": "put back",
    "buy label": "void label",
    "capture share": "refund share",
}

each_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.step)


def check_undone(order: dict[str, object], call: Call) -> None:
    """Every step up to the call that leaves something is undone, in reverse order."""
    steps = [each.step for each in CALLS[: CALLS.index(call) + 1]]
    undos = [UNDONE[step] for step in reversed(steps) if step in UNDONE]
    done: list[dict[str, str]] = order["compensations"]  # type: ignore[assignment]
    assert list(dict.fromkeys(entry["step"] for entry in done)) == undos
    assert {entry["result"] for entry in done} <= {"done"}


@each_call
def test_a_refused_call_undoes_all_before_it(shop: Shop, call: Call) -> None:
    order_id = shop.order_id("refused")
    with shop.proxies[call.service].fault("refused", call.of(order_id)) as fault:
        shop.place(order_id)
        order = shop.ended(order_id)
    assert fault.hits == 1
    assert order["status"] == ("failed" if call.step == "keep stock" else "rejected")
    assert order["halt"] == {
        "step": call.step,
        "reason": "no",
        "detail": "It does not like it.",
    }
    check_undone(order, call)


@pytest.mark.parametrize("kind", ["error", "lost answer"])
@each_call
def test_a_call_that_fails_for_good_undoes_all_before_it_and_itself(
    shop: Shop, call: Call, kind: Kind
) -> None:
    order_id = shop.order_id("failing")
    with shop.proxies[call.service].fault(kind, call.of(order_id)) as fault:
        shop.place(order_id)
        order = shop.ended(order_id)
    assert fault.hits == 4
    assert (order["status"], order["halt"]["step"]) == ("failed", call.step)
    check_undone(order, call)


@pytest.mark.parametrize("call", [*CALLS, *FORWARD], ids=lambda call: call.step)
def test_a_call_whose_answer_is_lost_is_done_once(shop: Shop, call: Call) -> None:
    order_id = shop.order_id("lost")
    with shop.proxies[call.service].fault("lost answer", call.of(order_id), times=1) as fault:
        shop.place(order_id)
        order = shop.ended(order_id)
    assert fault.hits == 1
    assert order["status"] == "fulfilled"


@each_call
def test_a_cancel_during_a_call_undoes_all_before_it_and_itself(shop: Shop, call: Call) -> None:
    order_id = shop.order_id("cancelled")
    with shop.proxies[call.service].fault("held", call.of(order_id), times=1) as fault:
        shop.place(order_id)
        fault.wait()
        assert shop.ask(order_id, "cancel").status_code == 202
    order = shop.ended(order_id)
    assert order["status"] == "cancelled"
    check_undone(order, call)
    assert shop.mails_of(order_id) == ["cancelled"]


def test_orders_at_every_call_go_on_after_a_crash_of_orchestrator_and_sidecar(
    shop: Shop, system: System
) -> None:
    """Those furthest on are placed first: so a call that does not name its order is the last."""
    placed = {}
    with ExitStack() as held:
        for call in reversed([*CALLS, *FORWARD]):
            order_id = placed[call.step] = shop.order_id("killed")
            fault = held.enter_context(shop.proxies[call.service].fault("held", call.of(order_id)))
            shop.place(order_id)
            fault.wait()
        system.kill("sidecar", ORCHESTRATOR)
        system.kill("app", ORCHESTRATOR)
    system.restart()
    ends = {step: shop.ended(order_id)["status"] for step, order_id in placed.items()}
    assert ends == dict.fromkeys(placed, "fulfilled")


def test_an_order_cancelled_right_before_a_crash_is_undone_after_it(
    shop: Shop, system: System
) -> None:
    placed = {}
    with ExitStack() as held:
        for call in reversed(CALLS):
            order_id = placed[call.step] = shop.order_id("both")
            fault = held.enter_context(shop.proxies[call.service].fault("held", call.of(order_id)))
            shop.place(order_id)
            fault.wait()
        for order_id in placed.values():
            assert shop.ask(order_id, "cancel").status_code == 202
        system.kill("sidecar", ORCHESTRATOR)
        system.kill("app", ORCHESTRATOR)
    system.restart()
    ends = {step: shop.ended(order_id)["status"] for step, order_id in placed.items()}
    assert ends == dict.fromkeys(placed, "cancelled")


def test_a_hand_over_that_is_refused_undoes_all(shop: Shop) -> None:
    order_id = shop.order_id("kept")
    first = HAND_OVER.of(order_id)
    with shop.proxies[HAND_OVER.service].fault(
        "refused", lambda seen: first(seen) or seen.path.endswith(f"{order_id}:pick-1/hand-over")
    ):
        shop.place(order_id)
        order = shop.ended(order_id)
    assert (order["status"], order["halt"]["step"]) == ("rejected", "hand over")
    check_undone(order, CALLS[-1])


@pytest.mark.parametrize("kind", ["error", "refused"])
@pytest.mark.parametrize("call", FORWARD, ids=lambda call: call.step)
def test_past_the_pivot_what_fails_waits_for_a_person_and_goes_on(
    shop: Shop, call: Call, kind: Kind
) -> None:
    order_id = shop.order_id("forward")
    with shop.proxies[call.service].fault(kind, call.of(order_id)):
        shop.place(order_id)
        order = shop.parked(order_id)
        blocked = {each["step"] for each in order["attention"]["blocked"]}
        assert blocked == {call.step}
        refused = shop.ask(order_id, "cancel")
        assert (refused.status_code, refused.json()["reason"]) == (409, "too_late")
    assert shop.ask(order_id, "resume").status_code == 202
    order = shop.ended(order_id)
    assert order["status"] == "fulfilled"
    assert not order["compensations"]
