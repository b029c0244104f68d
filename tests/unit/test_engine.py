"""What the workflow engine tells of a workflow, and how it is made to forget one."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from dapr.ext.workflow.workflow_state import WorkflowStatus
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata

from base.errors import Unavailable
from orchestrator.trip import TRIP
from sagas.core.progress import Attention, Entry, Order, Progress, Wait
from sagas.engine.engine import Engine, Unreadable
from sagas.records.record import Record
from tests.unit.test_trip_request import VALID

NOW = datetime(2024, 12, 1, tzinfo=UTC)
PARKED = Progress(status="needs_attention", attention=Attention(since=NOW, blocked=[]))
RECORD = Record(
    case_id="t1", digest="", request=VALID, owner="customer-123", created_at=NOW, again=True
)


def fault(code: StatusCode, said: str) -> AioRpcError:
    return AioRpcError(code, Metadata(), Metadata(), details=said)


class Client:
    """A workflow client that sees one workflow, and may fail."""

    def __init__(self, status: WorkflowStatus | None, fails: AioRpcError | None = None) -> None:
        self.did: list[Any] = []
        self._status, self._fails = status, fails
        stub = SimpleNamespace(PurgeInstances=self._purge)
        self._DaprWorkflowClient__obj = SimpleNamespace(_get_stub=lambda: stub)

    async def get_workflow_state(self, _: str) -> Any:
        if self._status is None:
            return None
        return SimpleNamespace(
            runtime_status=self._status,
            serialized_custom_status=f"needs_attention\t{PARKED.model_dump_json()}",
            failure_details=None,
        )

    async def schedule_new_workflow(self, workflow: str, *, input: Order, instance_id: str) -> None:
        self.did.append((workflow, instance_id, input.again))
        self.order = input
        if self._fails:
            raise self._fails

    async def raise_workflow_event(self, *_: Any, **__: Any) -> None:
        if self._fails:
            raise self._fails

    async def _purge(self, request: Any) -> None:
        self.did.append(("purge", request.instanceId, request.force))


def engine(status: WorkflowStatus | None, fails: AioRpcError | None = None) -> tuple[Engine, Any]:
    made = Engine.__new__(Engine)
    made._kind = TRIP
    made._client = client = Client(status, fails)  # type: ignore[assignment]
    return made, client


@pytest.mark.parametrize(
    "status", [WorkflowStatus.FAILED, WorkflowStatus.TERMINATED, WorkflowStatus.STALLED]
)
def test_a_workflow_that_broke_while_parked_does_not_wait_any_more(status: WorkflowStatus) -> None:
    seen = asyncio.run(engine(status)[0].progress("t1"))
    assert seen is not None
    assert (seen.status, seen.attention) == ("needs_attention", None)
    assert seen.halt is not None
    assert seen.halt.reason == f"workflow_{status.name.lower()}"
    assert seen.halt.detail


def test_a_running_workflow_tells_of_itself() -> None:
    assert asyncio.run(engine(WorkflowStatus.RUNNING)[0].progress("t1")) == PARKED
    assert asyncio.run(engine(None)[0].progress("t1")) is None


@pytest.mark.parametrize(
    ("status", "dropped"),
    [(WorkflowStatus.FAILED, []), (None, []), (WorkflowStatus.STALLED, [("purge", "t1", True)])],
)
def test_only_what_the_engine_holds_back_is_dropped(
    status: WorkflowStatus | None, dropped: list[Any]
) -> None:
    made, client = engine(status)
    asyncio.run(made.drop("t1"))
    assert client.did == dropped


def test_a_start_says_whether_an_earlier_run_may_have_come_to_any_point() -> None:
    made, client = engine(None)
    asyncio.run(made.start(RECORD))
    assert client.did == [("trip", "t1", True)]


def test_a_start_hands_over_what_an_earlier_run_was_told_and_that_it_is_past_its_pivot() -> None:
    told, asked = (
        Wait(signal="approval", since=NOW, until=NOW, word=word) for word in ({"by": "bob"}, None)
    )
    known = Progress(irrevocable=True, waits=[told, asked])
    made, client = engine(None)
    asyncio.run(made.start(RECORD.model_copy(update={"progress": known})))
    assert (client.order.irrevocable, client.order.heard) == (True, [told])
    assert (client.order.case_id, client.order.request) == ("t1", VALID)
    assert client.order.reverses is None


def test_what_was_done_is_undone_by_another_workflow_that_is_given_all_but_the_lines() -> None:
    line = Entry(step="charge", resource="t1:payment", started_at=NOW, tried_at=NOW)
    known = Progress(results={"payment": {"id": "t1:payment"}}, entries=[line])
    made, client = engine(None)
    reopened = RECORD.model_copy(update={"progress": known, "reopened": True})
    asyncio.run(made.start(reopened))
    assert client.did == [("trip_cancellation", "t1.cancellation", True)]
    assert client.order.reverses == Progress(results=known.results)


@pytest.mark.parametrize(
    "said",
    [
        fault(StatusCode.UNKNOWN, "no such instance exists"),
        fault(StatusCode.NOT_FOUND, ""),
        fault(StatusCode.UNKNOWN, "workflow is stalled"),
        fault(StatusCode.UNKNOWN, "actor is stalled"),
    ],
)
def test_an_event_that_nobody_hears_is_told_as_such(said: AioRpcError) -> None:
    assert not asyncio.run(engine(WorkflowStatus.STALLED, said)[0].tell("t1", "cancel"))


@pytest.mark.parametrize(
    "said",
    [
        "inbox key declared in metadata but missing from state store",
        "workflow history signature verification failed for 't1': signature 2: events digest "
        "mismatch for range [6, 9)",
        "workflow 't1' has 17 unsigned history events but signing is enabled",
    ],
)
def test_a_workflow_that_is_torn_or_forged_is_told_from_one_that_is_away(said: str) -> None:
    for words, kind in ((said, Unreadable), ("failed to connect", Unavailable)):
        made, client = engine(WorkflowStatus.RUNNING)
        client.get_workflow_state = _failing(fault(StatusCode.UNKNOWN, words))
        with pytest.raises(Unavailable) as it:
            asyncio.run(made.progress("t1"))
        assert type(it.value) is kind


def _failing(with_fault: AioRpcError) -> Any:
    async def look(_: str) -> None:
        raise with_fault

    return look


def test_a_start_of_what_runs_already_is_done_and_any_other_fault_may_pass() -> None:
    running = fault(StatusCode.ALREADY_EXISTS, "an active workflow with ID 't1' already exists")
    asyncio.run(engine(WorkflowStatus.RUNNING, running)[0].start(RECORD))
    away = fault(StatusCode.UNAVAILABLE, "failed to connect")
    with pytest.raises(Unavailable):
        asyncio.run(engine(None, away)[0].start(RECORD))
    with pytest.raises(Unavailable):
        asyncio.run(engine(None, away)[0].tell("t1", "cancel"))
