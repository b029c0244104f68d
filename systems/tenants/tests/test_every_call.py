"""Every call of both sagas goes wrong: the tenant is whole, or nothing of it is left. The fixture
`platform` compares with what really exists."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from runtime.system import System
from systems.tenants.tests.calls import (
    BARRING,
    DROPPING,
    LAST,
    MADE,
    MAKING,
    OPENING,
    REMOVING,
    UNMAKING,
)
from systems.tenants.tests.platform import (
    BILLING,
    DATABASE,
    IDENTITY,
    ORCHESTRATOR,
    REMOVALS,
    STORAGE,
    TENANT,
    Json,
    Platform,
)
from tests.support.every_call import Call, Case, EveryCall, Rehearsal
from tests.support.fault_proxy import Kind

PROMISED = ("migrate", "add owner", "try schema", "try bucket", "try realm")


@dataclass
class Tenants(Rehearsal):
    """Tenants that are set up."""

    platform: Platform
    system: System

    calls, forward, done = MAKING, MADE, "active"
    orchestrator = ORCHESTRATOR

    def __post_init__(self) -> None:
        self.proxies = self.platform.proxies

    def case(self, name: str, call: Call) -> Case:
        tenant_id = self.platform.tenant_id(name)
        matches = call.matching(tenant_id)
        return Case(tenant_id, matches, lambda: self.platform.put(tenant_id))

    def ended(self, case_id: str) -> Json:
        return self.platform.ended(case_id)

    def parked(self, case_id: str) -> Json:
        return self.platform.parked(ORCHESTRATOR, f"/tenants/{case_id}")

    def ask(self, case_id: str, what: str) -> httpx.Response:
        return self.platform.ask(ORCHESTRATOR, f"/tenants/{case_id}/{what}")

    def undone_after(self, call: Call) -> list[str]:
        """What was made together is dropped together, in the order of UNMAKING."""
        made = {"claim slug": UNMAKING[-1:]}
        return [undo.step for undo in made.get(call.step, UNMAKING)]

    def refused_as(self, call: Call) -> str:
        return "failed" if call.step in PROMISED else "rejected"

    def refusable(self) -> Sequence[Call]:
        return [*self.calls, MADE[0]]

    def going_forward(self, kind: Kind) -> Sequence[Call]:
        """The mail is tried for so long that no test waits for it; refused, it is not sent."""
        return MADE[:1] if kind == "error" else ()


@pytest.fixture
def rehearsal(platform: Platform, system: System) -> Tenants:
    return Tenants(platform, system)


class TestTenants(EveryCall):
    pass


def test_an_undo_whose_answer_is_lost_is_done_once(platform: Platform) -> None:
    ids = {call.step: platform.tenant_id("u") for call in UNMAKING}
    with ExitStack() as stack:
        for call in UNMAKING:
            fault = platform.proxies[call.service].fault(
                "lost answer", call.matching(ids[call.step]), times=1
            )
            stack.enter_context(fault)
        for tenant_id in ids.values():
            no = platform.proxies[LAST.service].fault("refused", LAST.matching(tenant_id))
            stack.enter_context(no)
            platform.put(tenant_id)
        ends = {platform.ended(tenant_id)["status"] for tenant_id in ids.values()}
    assert ends == {"failed"}


def test_tenants_at_every_undo_go_on_after_kills(platform: Platform, system: System) -> None:
    """App and sidecar of the orchestrator are killed (-9) while tenants, whose provisioning was
    refused at its last call, are at each undo."""
    back = {}
    with ExitStack() as stack:
        for call in UNMAKING:
            back[call.step] = tenant_id = platform.tenant_id("k")
            no = platform.proxies[LAST.service].fault("refused", LAST.matching(tenant_id), times=1)
            stack.enter_context(no)
            fault = platform.proxies[call.service].fault("held", call.matching(tenant_id))
            held = stack.enter_context(fault)
            platform.put(tenant_id)
            held.wait()
        system.kill("sidecar", ORCHESTRATOR)
        system.kill("app", ORCHESTRATOR)
    system.restart()
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
            fault = platform.proxies[call.service].fault("held", call.matching(named_in_it))
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
