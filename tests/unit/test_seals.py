"""What an activity is to do is sealed by its app's workflows, in a system that has tokens."""

from collections.abc import Iterator
from typing import Any

import pytest

from base.errors import Unavailable
from sagas.core import seals
from sagas.core.calls import Call, Calls

REFUND = Call(step="refund", id="t1:payment", body={"b": 1.5, "ä": [None, "x"]}, by="t1")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("APP_API_TOKEN", "a-token")
    monkeypatch.setenv("DAPR_API_TOKEN", "shown-to-the-sidecar")
    seals._key.cache_clear()
    yield
    seals._key.cache_clear()


def through_the_engine(calls: Calls) -> Calls:
    return Calls.model_validate_json(calls.model_dump_json())


def test_what_a_workflow_asks_for_is_done_and_sealed_the_same_at_each_replay() -> None:
    assert seals.sealed([REFUND]) == seals.sealed([REFUND.model_copy()])
    seals.check(through_the_engine(seals.sealed([REFUND])))


@pytest.mark.parametrize(
    "change",
    [{"step": "charge"}, {"id": "t2:payment"}, {"body": {}}, {"last": True}, {"by": None}],
)
def test_what_was_changed_on_the_way_is_not(change: dict[str, Any]) -> None:
    asked = seals.sealed([REFUND])
    changed = Calls(calls=[REFUND.model_copy(update=change)], seal=asked.seal)
    with pytest.raises(Unavailable, match="seal"):
        seals.check(through_the_engine(changed))


@pytest.mark.parametrize("seal", ["", "0" * 64])
def test_nor_what_has_no_seal_or_another(seal: str) -> None:
    with pytest.raises(Unavailable):
        seals.check(Calls(calls=[REFUND], seal=seal))


def test_more_calls_or_fewer_are_not_sealed_either() -> None:
    asked = seals.sealed([REFUND])
    for calls in ([REFUND, REFUND], []):
        with pytest.raises(Unavailable):
            seals.check(Calls(calls=calls, seal=asked.seal))


def test_another_app_has_another_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = seals.sealed([REFUND])
    monkeypatch.setenv("APP_API_TOKEN", "another-token")
    monkeypatch.setenv("DAPR_API_TOKEN", "shown-to-the-sidecar")
    seals._key.cache_clear()
    with pytest.raises(Unavailable):
        seals.check(asked)


def test_without_tokens_there_are_no_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APP_API_TOKEN")
    seals._key.cache_clear()
    asked = seals.sealed([REFUND])
    assert asked.seal == ""
    seals.check(asked)
    assert seals.known_as("approval", "t1") == "approval"


def test_an_event_has_a_name_of_its_own_in_each_workflow() -> None:
    """Each time the same, for the workflow waits for it at each replay."""
    names = {
        seals.known_as(event, workflow_id)
        for event in ("cancel", "approval", "approval:1")
        for workflow_id in ("t1", "t1.2", "t2")
    }
    assert len(names) == 9
    assert seals.known_as("cancel", "t1") in names
    assert all(len(name.partition("#")[2]) == 64 for name in names)
