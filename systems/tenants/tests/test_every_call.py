"""Every call of both sagas is refused, fails, is lost, cancelled, cut short by a crash: the tenant
is whole, or nothing of it is left. The fixture `platform` compares with what really exists."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from runtime.system import System
from systems.tenants.tests.calls import (
    BARRING,
    DROPPING,
    MADE,
    MAKING,
    OPENING,
    REMOVING,
    UNMAKING,
    Call,
)
from systems.tenants.tests.platform import (
    BILLING,
    DATABASE,
    IDENTITY,
    ORCHESTRATOR,
    REMOVALS,
    STORAGE,
    TENANT,
    Platform,
)
from tests.support.fault_proxy import Kind

PROMISED = ("migrate", "add owner", "try schema", "try bucket", "try realm")
Each = Callable[[Call], str]


def named(call: Call) -> str:
    return call.step


def all_at_once(
    platform: Platform, calls: list[Call], kind: Kind, times: float = float("inf")
) -> dict[str, dict[str, object]]:
    """Set up a tenant for each of the calls, side by side, whose call it is that goes wrong; return
    how they ended, by the step."""
    ids = {call.step: platform.tenant_id("c") for call in calls}
    with ExitStack() as stack:
        faults = {
            call.step: stack.enter_context(
                platform.proxies[call.service].fault(kind, call.of(ids[call.step]), times)
            )
            for call in calls
        }
        for tenant_id in ids.values():
            platform.put(tenant_id)
        ends = {step: platform.ended(tenant_id) for step, tenant_id in ids.items()}
    assert all(fault.hits for fault in faults.values())
    return ends


def test_a_refused_call_undoes_all(platform: Platform) -> None:
    ends = all_at_once(platform, [*MAKING, MADE[0]], "refused")
    for step, end in ends.items():
        assert end["status"] == ("failed" if step in PROMISED else "rejected"), end
        assert end["halt"] == {"step": step, "reason": "no", "detail": "It does not like it."}


@pytest.mark.parametrize("kind", ["error", "lost answer"])
def test_a_call_that_fails_for_good_undoes_all(platform: Platform, kind: Kind) -> None:
    """An answer that is lost after CREATE is one of them: what was created is dropped."""
    ends = all_at_once(platform, MAKING, kind)
    for step, end in ends.items():
        assert (end["status"], end["halt"]["step"]) == ("failed", step)  # type: ignore[index]


def test_a_call_whose_answer_is_lost_is_done_once(platform: Platform) -> None:
    ends = all_at_once(platform, [*MAKING, *MADE], "lost answer", times=1)
    assert {end["status"] for end in ends.values()} == {"active"}


def test_an_undo_whose_answer_is_lost_is_done_once(platform: Platform) -> None:
    refused, ids = MAKING[-1], {call.step: platform.tenant_id("u") for call in UNMAKING}
    with ExitStack() as stack:
        for call in UNMAKING:
            fault = platform.proxies[call.service].fault(
                "lost answer", call.of(ids[call.step]), times=1
            )
            stack.enter_context(fault)
        for tenant_id in ids.values():
            no = platform.proxies[refused.service].fault("refused", refused.of(tenant_id))
            stack.enter_context(no)
            platform.put(tenant_id)
        ends = {platform.ended(tenant_id)["status"] for tenant_id in ids.values()}
    assert ends == {"failed"}


def test_a_cancel_during_a_call_undoes_all(platform: Platform) -> None:
    ids = {call.step: platform.tenant_id("x") for call in MAKING}
    with ExitStack() as stack:
        held = [
            stack.enter_context(
                platform.proxies[call.service].fault("held", call.of(ids[call.step]), times=1)
            )
            for call in MAKING
        ]
        for tenant_id in ids.values():
            platform.put(tenant_id)
        for fault in held:
            fault.wait()
        for tenant_id in ids.values():
            answer = platform.ask(ORCHESTRATOR, f"/tenants/{tenant_id}/cancel")
            assert answer.status_code == 202
    ends = {platform.ended(tenant_id)["status"] for tenant_id in ids.values()}
    assert ends == {"cancelled"}


def test_past_the_pivot_a_cancel_is_refused_and_what_fails_waits_for_a_person(
    platform: Platform,
) -> None:
    tenant_id, call = platform.tenant_id("w"), MADE[0]
    with platform.proxies[call.service].fault("error", call.of(tenant_id)):
        platform.put(tenant_id)
        platform.parked(ORCHESTRATOR, f"/tenants/{tenant_id}")
        refused = platform.ask(ORCHESTRATOR, f"/tenants/{tenant_id}/cancel")
        assert (refused.status_code, refused.json()["reason"]) == (409, "too_late")
    assert platform.ask(ORCHESTRATOR, f"/tenants/{tenant_id}/resume").status_code == 202
    assert platform.ended(tenant_id)["status"] == "active"


def test_tenants_at_every_call_and_every_undo_go_on_after_kills(
    platform: Platform, system: System
) -> None:
    """App and sidecar of the orchestrator are killed (-9) while some tenants are at each call, and
    others, whose provisioning was refused at its last one, at each undo."""
    forward, back = {}, {}
    with ExitStack() as stack:
        for call in [*MAKING, *MADE]:
            forward[call.step] = tenant_id = platform.tenant_id("k")
            fault = platform.proxies[call.service].fault("held", call.of(tenant_id))
            held = stack.enter_context(fault)
            platform.put(tenant_id)
            held.wait()
        for call in UNMAKING:
            back[call.step] = tenant_id = platform.tenant_id("k")
            no = MAKING[-1]
            stack.enter_context(
                platform.proxies[no.service].fault("refused", no.of(tenant_id), times=1)
            )
            fault = platform.proxies[call.service].fault("held", call.of(tenant_id))
            held = stack.enter_context(fault)
            platform.put(tenant_id)
            held.wait()
        system.kill("sidecar", ORCHESTRATOR)
        system.kill("app", ORCHESTRATOR)
    system.restart()
    ends = {step: platform.ended(tenant_id)["status"] for step, tenant_id in forward.items()}
    assert ends == dict.fromkeys(forward, "active")
    ends = {step: platform.ended(tenant_id)["status"] for step, tenant_id in back.items()}
    assert ends == dict.fromkeys(back, "failed")


def test_removals_at_every_call_and_every_undo_go_on_after_kills(
    platform: Platform, system: System
) -> None:
    """The same of removals: at each call of one that goes on, at each undo of one called off."""
    on = [*BARRING, *REMOVING, *DROPPING]
    tenants = [platform.tenant_id("r") for _ in [*on, *OPENING]]
    for tenant_id in tenants:
        platform.put(tenant_id)
    assert {platform.ended(each)["status"] for each in tenants} == {"active"}
    gone, back = {}, {}
    with ExitStack() as stack:
        for call, tenant_id in zip([*on, *OPENING], tenants, strict=True):
            removal_id = f"k-{tenant_id}"
            named_in_it = tenant_id if call in DROPPING else removal_id
            fault = platform.proxies[call.service].fault("held", call.of(named_in_it))
            held = stack.enter_context(fault)
            platform.remove(tenant_id, removal_id)
            if call in OPENING:
                platform.in_grace(removal_id)
                platform.ask(REMOVALS, f"/removals/{removal_id}/cancel")
                back[removal_id] = tenant_id
            else:
                gone[removal_id] = tenant_id
                if call not in BARRING:
                    platform.waive(removal_id)
            held.wait()
        system.kill("sidecar", REMOVALS)
        system.kill("app", REMOVALS)
    system.restart()
    for removal_id in gone:
        if platform.removal(removal_id)["status"] == "running":
            platform.waive_if_asked(removal_id)
    assert {platform.removed(each)["status"] for each in gone} == {"removed"}
    assert {platform.removed(each)["status"] for each in back} == {"cancelled"}
    now = platform.directory()
    assert {now[tenant_id]["status"] for tenant_id in gone.values()} == {"removed"}
    assert {now[tenant_id]["status"] for tenant_id in back.values()} == {"active"}


def test_what_services_were_doing_when_they_are_killed_is_whole_or_gone(
    platform: Platform, system: System
) -> None:
    """All services that own something are killed (-9) while tenants are set up, and while others
    are removed. One that is in use meanwhile has everything still."""
    owners = (DATABASE, STORAGE, IDENTITY, BILLING, TENANT)
    in_use, *leaving = (platform.set_up() for _ in range(4))
    coming = [platform.tenant_id("s") for _ in range(6)]
    removals = [platform.remove(tenant_id) for tenant_id in leaving]
    for removal_id in removals:
        platform.waive(removal_id)
    for tenant_id in coming:
        platform.put(tenant_id)
    for service in owners:
        system.kill("app", service)
    system.restart()
    ends = {platform.helped(ORCHESTRATOR, f"/tenants/{each}")["status"] for each in coming}
    assert ends <= {"active", "failed"}
    ends = {platform.helped(REMOVALS, f"/removals/{each}")["status"] for each in removals}
    assert ends == {"removed"}
    assert platform.verify(in_use)["matches"]
