"""Every call of a case goes wrong on the real system, one way after the other: the case is done, or
nothing of it is left. The tests are the same for all systems.

A system's module of tests takes `EveryCall`, and says with a fixture ``rehearsal`` what its calls
are and how a case of it begins. Whether a case is whole, or nothing of it is left, its own fixtures
check after each test. The cases of one test go side by side, each with its own fault.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
import pytest

from runtime.system import System
from tests.support.fault_proxy import Fault, FaultProxy, Kind, Seen

Json = dict[str, Any]

_ALWAYS = float("inf")
_REFUSED = {"reason": "no", "detail": "It does not like it."}


@dataclass(frozen=True)
class Call:
    """A call of a step, as a proxy sees it: ``path`` is how its path ends."""

    step: str
    service: str
    method: str
    path: str

    def matching(self, id_: str) -> Callable[[Seen], bool]:
        """Match the call about a case, or a thing, whose id stands for ``{}`` in the path."""
        end = self.path.format(id_)
        return lambda seen: seen.method == self.method and seen.path.endswith(end)


@dataclass(frozen=True)
class Case:
    """A case that is about to begin: how its call can be told, and what begins it."""

    id: str
    matches: Callable[[Seen], bool]
    begin: Callable[[], object]


class Rehearsal(ABC):
    """A running system, and what its cases are.

    ``calls`` come before the pivot, ``forward`` are those from the pivot on. A case that is
    ``done`` has that status. ``told`` are the mails about a case by its status, if they say it.
    """

    calls: Sequence[Call]
    forward: Sequence[Call]
    done: str
    told: ClassVar[Mapping[str, Sequence[str]]] = {}
    system: System
    proxies: Mapping[str, FaultProxy]
    orchestrator: str

    @abstractmethod
    def case(self, name: str, call: Call) -> Case:
        """Return a new case of which the call is to go wrong."""

    @abstractmethod
    def ended(self, case_id: str) -> Json:
        """Return the case once it has ended."""

    @abstractmethod
    def parked(self, case_id: str) -> Json:
        """Return the case once it needs attention."""

    @abstractmethod
    def ask(self, case_id: str, what: str) -> httpx.Response:
        """Ask for a cancel, or a resume."""

    @abstractmethod
    def undone_after(self, call: Call) -> list[str]:
        """Return the undos, in their order, when the saga stops at this call."""

    def refused_as(self, call: Call) -> str:  # noqa: ARG002 others say it by the call
        """Return the status of a case of which the call is refused."""
        return "rejected"

    def refusable(self) -> Sequence[Call]:
        """Return the calls that stop a case when they are refused."""
        return self.calls

    def going_forward(self, kind: Kind) -> Sequence[Call]:
        """Return the calls that wait for a person when they go wrong: the pivot, refused, has not
        been passed."""
        return self.forward if kind == "error" else self.forward[1:]

    def mails_of(self, case_id: str) -> list[str]:  # noqa: ARG002
        """Return which mails were sent about a case."""
        return []

    def check_told(self, case_id: str, status: str) -> None:
        """Check what people were told of a case that has ended."""
        if status in self.told:
            assert self.mails_of(case_id) == self.told[status]

    def check_undone(self, case: Json, call: Call) -> None:
        """Check that all up to the call that leaves something is undone, in reverse order."""
        done = case["compensations"]
        assert list(dict.fromkeys(entry["step"] for entry in done)) == self.undone_after(call)
        assert {entry["result"] for entry in done} <= {"done"}

    @contextmanager
    def begun(
        self, calls: Iterable[Call], kind: Kind, times: float = _ALWAYS
    ) -> Iterator[dict[Call, tuple[str, Fault]]]:
        """Begin a case for each call, with this fault at that call inside the block."""
        with ExitStack() as stack:
            made = {}
            for call in calls:
                case = self.case(kind.replace(" ", "-"), call)
                fault = self.proxies[call.service].fault(kind, case.matches, times)
                made[call] = case.id, stack.enter_context(fault)
                case.begin()
            yield made


class EveryCall:
    """The tests."""

    def test_a_refused_call_undoes_all_before_it(self, rehearsal: Rehearsal) -> None:
        with rehearsal.begun(rehearsal.refusable(), "refused") as cases:
            for call, (case_id, fault) in cases.items():
                case = rehearsal.ended(case_id)
                assert fault.hits == 1, call.step
                assert case["status"] == rehearsal.refused_as(call)
                assert case["halt"] == {"step": call.step} | _REFUSED
                rehearsal.check_undone(case, call)

    @pytest.mark.parametrize("kind", ["error", "lost answer"])
    def test_a_call_that_fails_for_good_undoes_all_before_it_and_itself(
        self, rehearsal: Rehearsal, kind: Kind
    ) -> None:
        with rehearsal.begun(rehearsal.calls, kind) as cases:
            for call, (case_id, fault) in cases.items():
                case = rehearsal.ended(case_id)
                assert fault.hits == 4, call.step
                assert (case["status"], case["halt"]["step"]) == ("failed", call.step)
                rehearsal.check_undone(case, call)

    def test_a_call_whose_answer_is_lost_is_done_once(self, rehearsal: Rehearsal) -> None:
        every = [*rehearsal.calls, *rehearsal.forward]
        with rehearsal.begun(every, "lost answer", times=1) as cases:
            for call, (case_id, fault) in cases.items():
                case = rehearsal.ended(case_id)
                assert fault.hits == 1, call.step
                assert case["status"] == rehearsal.done, call.step
                rehearsal.check_told(case_id, rehearsal.done)

    def test_a_cancel_during_a_call_undoes_all_before_it_and_itself(
        self, rehearsal: Rehearsal
    ) -> None:
        with rehearsal.begun(rehearsal.calls, "held", times=1) as cases:
            for case_id, fault in cases.values():
                fault.wait()
                assert rehearsal.ask(case_id, "cancel").status_code == 202
                fault.release()
        for call, (case_id, _) in cases.items():
            case = rehearsal.ended(case_id)
            assert case["status"] == "cancelled"
            rehearsal.check_undone(case, call)
            rehearsal.check_told(case_id, "cancelled")

    @pytest.mark.parametrize("cancelled", [False, True], ids=["open", "cancelled"])
    def test_cases_at_every_call_go_on_after_a_crash_of_orchestrator_and_sidecar(
        self, rehearsal: Rehearsal, cancelled: bool
    ) -> None:
        calls = rehearsal.calls if cancelled else [*rehearsal.calls, *rehearsal.forward]
        with rehearsal.begun(calls, "held") as cases:
            for case_id, fault in cases.values():
                fault.wait()
                if cancelled:
                    assert rehearsal.ask(case_id, "cancel").status_code == 202
            for part in ("sidecar", "app"):
                rehearsal.system.kill(part, rehearsal.orchestrator)
        rehearsal.system.restart()
        ends = {
            call.step: rehearsal.ended(case_id)["status"] for call, (case_id, _) in cases.items()
        }
        assert ends == dict.fromkeys(ends, "cancelled" if cancelled else rehearsal.done)

    @pytest.mark.parametrize("kind", ["error", "refused"])
    def test_past_the_pivot_what_fails_waits_for_a_person_and_goes_on(
        self, rehearsal: Rehearsal, kind: Kind
    ) -> None:
        if not (calls := rehearsal.going_forward(kind)):
            pytest.skip("no call past the pivot has somebody wait for this")
        with rehearsal.begun(calls, kind) as cases:
            for call, (case_id, _) in cases.items():
                case = rehearsal.parked(case_id)
                assert {each["step"] for each in case["attention"]["blocked"]} == {call.step}
                refused = rehearsal.ask(case_id, "cancel")
                assert (refused.status_code, refused.json()["reason"]) == (409, "too_late")
        for case_id, _ in cases.values():
            assert rehearsal.ask(case_id, "resume").status_code == 202
        for case_id, _ in cases.values():
            case = rehearsal.ended(case_id)
            assert case["status"] == rehearsal.done
            assert not case["compensations"]
