"""What a kind says of its cases, and what it is refused for."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from sagas import Done, Durable, Kind, Saga, Shown, Signal, Step, Words

GO, STOP = Signal("go", Done), Signal("stop", Done, by="participant")
cancel_a = Step("cancel a", "a-service", "POST a/{id}/cancel", "a", Shown)
cancel_b = Step("cancel b", "b-service", "POST b/{id}/cancel", "b", Shown)
hold_a = Step("hold a", "a-service", "PUT a/{id}", "a", Shown, cancel_a)
hold_b = Step("hold b", "b-service", "PUT b/{id}", "b", Shown, cancel_b)
refund = Step("refund", "bank", "POST charges/{id}/refund", "payment", Shown)
charge = Step("charge", "bank", "PUT charges/{id}", "payment", Shown, refund)
look = Step("look", "a-service", "GET a/{id}", "a", Shown)
ROWS = {"look": [look], "hold": [hold_a, hold_b], "charge": [charge]}


class Wish(BaseModel):
    what: str


def _nothing(saga: Saga, _: Wish) -> Durable[None]:
    yield from saga.put_on_record()


def kind(**facts: Any) -> Kind[Wish]:
    given: dict[str, Any] = {
        "noun": "errand",
        "done": "finished",
        "request": Wish,
        "rows": ROWS,
        "workflows": [_nothing],
        "closing": lambda *_: None,
        "owner": lambda wish: wish.what,
        "title": lambda wish: wish.what,
    }
    return Kind(**given | facts)


@pytest.mark.parametrize(
    "done", ["running", "needs_attention", "rejected", "cancelled", "failed"], ids=str
)
def test_the_word_for_success_is_none_that_says_something_else_already(done: str) -> None:
    with pytest.raises(
        ValueError, match=f"^{done} cannot be the word for an errand that went well"
    ):
        kind(done=done)


@pytest.mark.parametrize(
    "other",
    [
        Step("charge", "a-service", "PUT charges/{id}", "payment", Shown, refund),
        Step("charge", "bank", "POST charges/{id}", "payment", Shown, refund),
        Step("charge", "bank", "PUT charges/{id}", "payment", Shown),
        Step("charge", "bank", "PUT charges/{id}", "payment", Done, refund),
        Step("charge", "bank", "PUT charges/{id}", "payment", Shown, refund, pivot=True),
    ],
    ids=["service", "request", "undo", "answer", "pivot"],
)
@pytest.mark.parametrize("row", ["charge", "charge again"])
def test_a_name_is_that_of_one_step(row: str, other: Step[Any]) -> None:
    rows = ROWS | {row: [*ROWS.get(row, []), other]}
    with pytest.raises(ValueError, match="two different steps of the name charge"):
        kind(rows=rows)


def test_a_name_is_not_that_of_a_step_and_of_what_undoes_another() -> None:
    with pytest.raises(ValueError, match="two different steps of the name refund"):
        kind(rows=ROWS | {"refund": [Step("refund", "bank", "PUT refunds/{id}", "", Done)]})


@pytest.mark.parametrize(
    "signals",
    [[Signal("cancel", Done)], [Signal("resume", Done)], [GO, Signal("go", Shown)]],
    ids=["cancel", "resume", "twice"],
)
def test_a_signal_has_a_name_of_its_own(signals: list[Signal[Any]]) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a signal"):
        kind(signals=signals)


def test_a_step_can_be_about_several_resources() -> None:
    several = [hold_a.about(f"a-{number}") for number in (1, 2)]
    made = kind(rows={"hold": several})
    assert (made.activities, list(made.placed)) == (["hold", "undo hold"], ["hold a", "cancel a"])
    assert [[undo.key for undo in undos] for undos in made.undos] == [
        [("cancel a", "a-1"), ("cancel a", "a-2")]
    ]


@pytest.mark.parametrize(
    ("facts", "plural"),
    [({}, "errands"), ({"noun": "query", "nouns": "queries"}, "queries"), ({"noun": "x"}, "xs")],
)
def test_the_plural_is_made_with_an_s_or_given(facts: dict[str, Any], plural: str) -> None:
    assert kind(**facts).plural == plural


def test_undos_come_in_the_order_in_which_they_are_owed_those_of_a_row_together() -> None:
    assert kind().undos == [[cancel_a, cancel_b], [refund]]


def test_what_undoes_a_row_is_an_activity_of_its_own() -> None:
    made = kind()
    assert made.activities == ["look", "hold", "undo hold", "charge", "undo charge"]
    assert {name: placed.activity for name, placed in made.placed.items()} == {
        "look": "look",
        "hold a": "hold",
        "cancel a": "undo hold",
        "hold b": "hold",
        "cancel b": "undo hold",
        "charge": "charge",
        "refund": "undo charge",
    }
    assert made.placed["refund"].step == refund


def test_the_participants_are_those_of_steps_and_undos_each_once() -> None:
    elsewhere = Step("tell", "post", "POST mails/{id}", "mail", Done)
    undone = Step("pay", "bank", "PUT pay/{id}", "pay", Done, elsewhere)
    assert kind(rows=ROWS | {"pay": [undone]}).services == [
        "a-service",
        "b-service",
        "bank",
        "post",
    ]


def test_a_kind_names_its_app_its_statuses_and_its_reason() -> None:
    made = kind(words=Words(owner="client"))
    assert made.app_id == "errand-orchestrator"
    assert set(made.statuses) == {
        *("running", "needs_attention"),
        *("finished", "rejected", "cancelled", "failed"),
    }
    assert made.cancelled_by == "cancelled_by_client"
    assert made.words.reason(made.cancelled_by) == "the client changed their mind"


@pytest.mark.parametrize(
    ("signals", "found"), [([GO, STOP], STOP), ([GO], None), ([], None)], ids=["there", "not", "no"]
)
def test_a_signal_is_found_by_its_name(
    signals: Sequence[Signal[Any]], found: Signal[Any] | None
) -> None:
    assert kind(signals=signals).signal("stop") is found


def test_a_stored_request_may_hold_more_than_can_be_asked_for() -> None:
    assert kind().read({"what": "milk", "since": "the next release"}).what == "milk"
