"""Every call of a transfer up to the pivot is refused, fails, is lost, cancelled, cut short by a
crash: the money has arrived, or is where it was. The fixture `branch` checks which of the two."""

from contextlib import ExitStack

import pytest

from runtime.system import System
from systems.bank.tests.branch import ORCHESTRATOR, Branch, Json
from systems.bank.tests.calls import CALLS, CREDIT, FORWARD, Call, undone_after
from tests.support.fault_proxy import Fault, Kind

each_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.step)


def sent(
    branch: Branch, stack: ExitStack, call: Call, kind: Kind, times: float
) -> tuple[str, Fault]:
    """Send money, the call going wrong until the stack is left; return the transfer's id."""
    transfer_id = branch.transfer_id(kind.replace(" ", "-"))
    payer, payee = branch.pair()
    matches = call.of(transfer_id, payee if "payee" in call.step else payer)
    fault = stack.enter_context(branch.proxies[call.service].fault(kind, matches, times))
    branch.send(transfer_id, payer, payee)
    return transfer_id, fault


def with_fault(
    branch: Branch, call: Call, kind: Kind, times: float = float("inf")
) -> tuple[Json, Fault]:
    """Send money with a call going wrong; return how the transfer ended."""
    with ExitStack() as stack:
        transfer_id, fault = sent(branch, stack, call, kind, times)
        return branch.ended(transfer_id), fault


def check_undone(transfer: Json, call: Call) -> None:
    """Every row up to the call that leaves something is undone, in reverse order."""
    done = transfer["compensations"]
    assert list(dict.fromkeys(entry["step"] for entry in done)) == undone_after(call)
    assert {entry["result"] for entry in done} <= {"done"}


@each_call
def test_a_refused_call_undoes_all_before_it(branch: Branch, call: Call) -> None:
    transfer, fault = with_fault(branch, call, "refused")
    assert fault.hits == 1
    assert transfer["status"] == "rejected"
    assert transfer["halt"] == {"step": call.step, "reason": "no", "detail": "It does not like it."}
    check_undone(transfer, call)


@pytest.mark.parametrize("kind", ["error", "lost answer"])
def test_a_call_that_fails_for_good_undoes_all_before_it_and_itself(
    branch: Branch, kind: Kind
) -> None:
    """All at once, for each takes its four tries."""
    with ExitStack() as stack:
        placed = {call: sent(branch, stack, call, kind, float("inf")) for call in CALLS}
        for call, (transfer_id, fault) in placed.items():
            transfer = branch.ended(transfer_id)
            assert fault.hits == 4
            assert (transfer["status"], transfer["halt"]["step"]) == ("failed", call.step)
            check_undone(transfer, call)


@pytest.mark.parametrize("call", [*CALLS, *FORWARD], ids=lambda call: call.step)
def test_a_call_whose_answer_is_lost_is_done_once(branch: Branch, call: Call) -> None:
    transfer, fault = with_fault(branch, call, "lost answer", times=1)
    assert fault.hits == 1
    assert transfer["status"] == "completed"
    assert branch.mails_of(transfer["transferId"]) == ["credited", "debited"]


@each_call
def test_a_cancel_during_a_call_undoes_all_before_it_and_itself(branch: Branch, call: Call) -> None:
    with ExitStack() as stack:
        transfer_id, fault = sent(branch, stack, call, "held", times=1)
        fault.wait()
        assert branch.ask(transfer_id, "cancel").status_code == 202
    transfer = branch.ended(transfer_id)
    assert transfer["status"] == "cancelled"
    check_undone(transfer, call)


def test_transfers_at_every_call_go_on_after_a_crash_of_orchestrator_and_sidecar(
    branch: Branch, system: System
) -> None:
    placed = {}
    with ExitStack() as held:
        for call in [*CALLS, *FORWARD]:
            placed[call.step], fault = sent(branch, held, call, "held", float("inf"))
            fault.wait()
        system.kill("sidecar", ORCHESTRATOR)
        system.kill("app", ORCHESTRATOR)
    system.restart()
    ends = {step: branch.ended(transfer)["status"] for step, transfer in placed.items()}
    assert ends == dict.fromkeys(placed, "completed")


def test_a_transfer_cancelled_right_before_a_crash_is_undone_after_it(
    branch: Branch, system: System
) -> None:
    placed = {}
    with ExitStack() as held:
        for call in CALLS:
            placed[call.step], fault = sent(branch, held, call, "held", float("inf"))
            fault.wait()
        for transfer_id in placed.values():
            assert branch.ask(transfer_id, "cancel").status_code == 202
        system.kill("sidecar", ORCHESTRATOR)
        system.kill("app", ORCHESTRATOR)
    system.restart()
    ends = {step: branch.ended(transfer)["status"] for step, transfer in placed.items()}
    assert ends == dict.fromkeys(placed, "cancelled")


def test_a_credit_that_is_refused_brings_the_money_home(branch: Branch) -> None:
    transfer, _ = with_fault(branch, CREDIT, "refused")
    assert (transfer["status"], transfer["halt"]["step"]) == ("rejected", CREDIT.step)
    assert transfer["money"] == "returned"
    check_undone(transfer, CALLS[-1])
    assert branch.mails_of(transfer["transferId"]) == ["returned"]


@pytest.mark.parametrize(
    ("call", "kind"),
    [(CREDIT, "error"), *((call, kind) for call in FORWARD[1:] for kind in ("error", "refused"))],
    ids=lambda each: each if isinstance(each, str) else each.step,
)
def test_past_the_pivot_what_fails_waits_for_a_person_and_goes_on(
    branch: Branch, call: Call, kind: Kind
) -> None:
    with ExitStack() as stack:
        transfer_id, _ = sent(branch, stack, call, kind, float("inf"))
        transfer = branch.parked(transfer_id)
        assert {each["step"] for each in transfer["attention"]["blocked"]} == {call.step}
        refused = branch.ask(transfer_id, "cancel")
        assert (refused.status_code, refused.json()["reason"]) == (409, "too_late")
    assert branch.ask(transfer_id, "resume").status_code == 202
    transfer = branch.ended(transfer_id)
    assert transfer["status"] == "completed"
    assert not transfer["compensations"]
