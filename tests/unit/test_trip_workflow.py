"""The trip saga row by row, driven without Dapr."""

from typing import Any

import pytest

from orchestrator.trip import TRIP
from sagas.core.calls import Calls, Refused
from sagas.core.frame import forward, reverse
from sagas.core.policies import Policies
from sagas.core.progress import Order, Progress
from tests.unit.engine import FakeEngine, Fault
from tests.unit.test_trip_request import VALID

NO = Refused(reason="sold_out", detail="Nothing left.")


def replies() -> dict[str, Any]:
    flight = {
        "id": "t1:flight",
        "status": "held",
        "passengers": 2,
        "price": {"amount": 300, "currency": "USD"},
        "flight": dict.fromkeys(("number", "from", "to", "departure", "arrival"), "x"),
    }
    hotel = {
        "id": "t1:hotel",
        "status": "held",
        "guests": 2,
        "price": {"amount": 200, "currency": "USD"},
        "stay": dict.fromkeys(("name", "city", "checkIn", "checkOut"), "x"),
    }
    return {
        "look at record": {"again": False},
        "search flight": {"offers": [{"offerId": "F1", "price": flight["price"]}]},
        "search hotel": {"offers": [{"offerId": "H1", "price": hotel["price"]}]},
        "hold flight": flight,
        "hold hotel": hotel,
        "charge": {"id": "t1:payment", "status": "charged"},
        "confirm flight": flight | {"status": "confirmed"},
        "confirm hotel": hotel | {"status": "confirmed"},
        "cancel flight": {"id": "t1:flight", "status": "cancelled"},
        "cancel hotel": {"id": "t1:hotel", "status": "cancelled"},
        "refund": {"id": "t1:payment", "status": "refunded"},
    }


def book(
    changes: dict[str, Any],
    request: dict[str, Any] = VALID,
    limit: int = 1_000_000,
    **engine_does: Any,
) -> tuple[FakeEngine, Progress]:
    engine = FakeEngine(replies() | changes, **engine_does)
    terms = {"approval_limit": limit, "approval_seconds": 60}
    order = Order(case_id="t1", request=request, terms=terms)
    status = engine.run(forward(TRIP, 1)(engine, order))  # type: ignore[arg-type]
    kept = on_record(engine)
    assert kept.status == status
    return engine, kept


def on_record(engine: FakeEngine) -> Progress:
    return engine.kept


def once_each(calls: list[str]) -> list[str]:
    """Return the calls without the tries that repeat them."""
    return list(dict.fromkeys(calls))


STEPS = [
    "search flight",
    "search hotel",
    "hold flight",
    "hold hotel",
    "charge",
    "confirm flight",
    "confirm hotel",
]
UNDO_TRIES = Policies().undo.tries or 0
LOOK = "look at record"
UNDO_HOLDS = ["cancel flight", "cancel hotel"]
UNDO_ALL = ["refund", *UNDO_HOLDS]


def test_a_trip_takes_the_steps_of_the_table_and_is_confirmed() -> None:
    engine, kept = book({})
    assert engine.calls == [*STEPS, "send confirmation", "keep record"]
    assert kept.status == "confirmed"
    assert kept.results["total"] == {"amount": 500, "currency": "USD"}
    assert kept.halt is None
    assert engine.statuses[-1] == "confirmed"


@pytest.mark.parametrize(
    ("step", "status", "undone"),
    [
        ("search flight", "rejected", []),
        ("search hotel", "rejected", []),
        ("hold flight", "rejected", UNDO_HOLDS),
        ("hold hotel", "rejected", UNDO_HOLDS),
        ("charge", "rejected", UNDO_ALL),
        ("confirm flight", "failed", UNDO_ALL),
        ("confirm hotel", "failed", UNDO_ALL),
    ],
)
@pytest.mark.parametrize("reply", [NO, Fault("down")], ids=["refused", "failed"])
def test_a_step_that_fails_undoes_what_was_begun(
    step: str, status: str, undone: list[str], reply: Any
) -> None:
    engine, kept = book({step: reply})
    told = [LOOK, *undone, "send refusal", "keep record"]
    assert once_each([c for c in engine.calls if c not in STEPS]) == told
    assert kept.status == (status if reply is NO else "failed")
    assert kept.halt is not None
    assert kept.halt.step == step
    assert kept.halt.reason == ("sold_out" if reply is NO else "unavailable")


def test_every_id_comes_from_the_trip() -> None:
    engine, _ = book({"confirm hotel": Fault("down")})
    ids = {name: call.id for name, call in engine.inputs.items()}
    assert {ids[name] for name in ("hold flight", "confirm flight", "cancel flight")} == {
        "t1:flight"
    }
    assert {ids[name] for name in ("hold hotel", "confirm hotel", "cancel hotel")} == {"t1:hotel"}
    assert {ids[name] for name in ("charge", "refund")} == {"t1:payment"}


def test_the_mail_is_retried_until_it_is_sent() -> None:
    engine, kept = book({"send confirmation": [Fault("down"), Fault("down"), {}]})
    assert engine.calls.count("send confirmation") == 3
    assert kept.status == "confirmed"


def test_a_named_offer_is_not_searched_for() -> None:
    request = VALID | {
        "flight": VALID["flight"] | {"offerId": "F7"},
        "hotel": VALID["hotel"] | {"offerId": "h7"},
    }
    engine, _ = book({}, request)
    assert engine.calls[:2] == ["hold flight", "hold hotel"]
    assert engine.inputs["hold flight"].body["offerId"] == "F7"
    assert engine.inputs["hold hotel"].body["offerId"] == "h7"


def test_an_undo_that_cannot_be_completed_waits_and_goes_on_when_told_to() -> None:
    engine, kept = book(
        {"confirm flight": NO, "refund": [*[Fault("down")] * UNDO_TRIES, replies()["refund"]]},
        waiting=[("resume", None)],
    )
    parked = [LOOK, "refund", *UNDO_HOLDS, "keep record", "told to resume", "send refusal"]
    assert once_each(engine.calls[len(STEPS) :]) == parked
    assert engine.calls[-4:] == ["keep record", "refund", "send refusal", "keep record"]
    assert any(status.startswith("needs_attention") for status in engine.statuses)
    assert kept.status == "failed"
    assert kept.results["payment"] == {"id": "t1:payment", "status": "refunded"}


def test_prices_in_two_currencies_are_not_added() -> None:
    hotel = replies()["hold hotel"] | {"price": {"amount": 200, "currency": "EUR"}}
    engine, kept = book({"hold hotel": hotel})
    assert engine.calls[4:] == [LOOK, *UNDO_HOLDS, "send refusal", "keep record"]
    assert kept.status == "rejected"
    assert kept.halt is not None
    assert kept.halt.reason == "mixed_currencies"


def test_recording_the_end_is_tried_until_it_works() -> None:
    engine, _ = book({"keep record": [Fault("store down"), {}]})
    assert engine.calls.count("keep record") == 2


@pytest.mark.parametrize("step", STEPS)
def test_a_cancel_at_any_step_undoes_what_was_begun_and_tells_the_customer(step: str) -> None:
    engine, kept = book({}, events={step: ["cancel"]})
    assert kept.status == "cancelled"
    assert kept.halt is not None
    assert kept.halt.reason == TRIP.cancelled_by
    begun = engine.calls[: engine.calls.index("told to cancel")]
    owed = (["refund"] if "charge" in begun else []) + (UNDO_HOLDS if "hold hotel" in begun else [])
    after = engine.calls[engine.calls.index("told to cancel") + 1 :]
    assert after == [LOOK, *owed, "send cancellation", "keep record"]


def test_a_cancel_that_was_on_record_before_the_end_undoes_it() -> None:
    no = Refused(reason=TRIP.cancelled_by, detail="The customer was first.")
    engine, kept = book({"keep record": [no, {}]})
    assert kept.status == "cancelled"
    undone = ["keep record", LOOK, *UNDO_ALL, "send cancellation", "keep record"]
    assert engine.calls[-len(undone) :] == undone


def test_a_confirmed_trip_is_cancelled_with_its_whole_story() -> None:
    _, confirmed = book({})
    engine = FakeEngine(replies())
    order = Order(case_id="t1", request=VALID, reverses=confirmed)
    assert engine.run(reverse(TRIP)(engine, order)) == "cancelled"  # type: ignore[arg-type]
    assert engine.calls == [LOOK, *UNDO_ALL, "send cancellation", "keep record"]
    kept = on_record(engine)
    assert [e.step for e in kept.entries if not e.compensation][:2] == [
        "search flight",
        "search hotel",
    ]
    assert kept.results["payment"] == {"id": "t1:payment", "status": "refunded"}


def test_a_trip_within_its_limit_asks_nobody() -> None:
    engine, kept = book({}, limit=500)
    assert not kept.waits
    assert "extend flight" not in engine.calls


def test_an_approved_trip_goes_on() -> None:
    engine, kept = book({}, limit=499, waiting=[("approval", {"approved": True, "by": "bob"})])
    assert kept.status == "confirmed"
    assert [wait.word for wait in kept.waits] == [{"approved": True, "by": "bob"}]
    asking = engine.calls[engine.calls.index("extend flight") : engine.calls.index("charge")]
    assert asking == ["extend flight", "extend hotel", "keep record", "told to approval"]


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        ([("approval", {"approved": False, "by": "bob"})], "approval_refused"),
        ([], "approval_timed_out"),
    ],
)
def test_a_trip_that_nobody_approves_is_undone(decision: list[Any], reason: str) -> None:
    engine, kept = book({}, limit=499, waiting=decision)
    assert kept.status == "rejected"
    assert kept.halt is not None
    assert (kept.halt.step, kept.halt.reason) == ("approval", reason)
    assert [c for c in engine.calls if c in UNDO_ALL] == UNDO_HOLDS
    assert "charge" not in engine.calls


def test_a_trip_that_waits_for_approval_can_be_cancelled() -> None:
    _, kept = book({}, limit=499, waiting=[("cancel", None)])
    assert kept.status == "cancelled"
    assert [e.result for e in kept.entries if e.step == "approval"] == ["refused"]


def test_a_hold_that_cannot_be_extended_ends_the_trip() -> None:
    no = Refused(reason="hold_expired", detail="Too late.")
    engine, kept = book({"extend hotel": no}, limit=499)
    assert kept.status == "rejected"
    assert [c for c in engine.calls if c in UNDO_ALL] == UNDO_HOLDS


def test_the_record_says_what_needs_attention_and_since_when() -> None:
    seen: list[Progress] = []
    engine = FakeEngine(
        replies() | {"confirm flight": NO, "refund": [Fault("down")] * (UNDO_TRIES + 1) + [{}]},
        waiting=[("resume", None)],
    )
    engine_calls = engine.call_activity

    def spy(activity: Any, *, input: Calls) -> Any:
        kept = [call.body for call in input.calls if call.step == "keep record"]
        seen.extend(map(Progress.model_validate, kept))
        return engine_calls(activity, input=input)

    engine.call_activity = spy  # type: ignore[method-assign]
    order = Order(case_id="t1", request=VALID)
    engine.run(forward(TRIP, 1)(engine, order))  # type: ignore[arg-type]
    parked, resumed, ended = seen
    assert parked.attention is not None
    assert [(u.step, u.reason) for u in parked.attention.blocked] == [("refund", "unavailable")]
    assert (parked.status, resumed.status, ended.status) == ("needs_attention", "running", "failed")
    assert [m.event for m in on_record(engine).milestones] == ["needs_attention", "resumed"]


def test_a_mail_that_cannot_be_sent_for_long_needs_attention_and_goes_on() -> None:
    down = [Fault("down")] * (Policies().mail.tries or 0)
    engine, kept = book({"send confirmation": [*down, {}]}, waiting=[("resume", None)])
    assert kept.status == "confirmed"
    assert [m.event for m in kept.milestones] == ["needs_attention", "resumed"]
    assert not set(engine.calls) & set(UNDO_ALL)


def test_a_trip_whose_mail_needs_attention_can_be_cancelled() -> None:
    _, kept = book({"send confirmation": Fault("down")}, waiting=[("cancel", None)])
    assert kept.status == "cancelled"
    assert kept.attention is None


@pytest.mark.parametrize(
    ("limit", "replies", "answer"),
    [
        (499, {}, ("approval", {"approved": True, "by": "bob"})),
        (500, {"send confirmation": Fault("down")}, ("resume", None)),
    ],
    ids=["approval", "help"],
)
def test_a_trip_that_is_cancelled_just_before_it_waits_does_not_wait(
    limit: int, replies: dict[str, Any], answer: tuple[str, Any]
) -> None:
    events = {"keep record": ["cancel"]}
    engine, kept = book(replies, limit=limit, events=events, waiting=[answer])
    assert kept.status == "cancelled"
    assert f"told to {answer[0]}" not in engine.calls


def test_to_resume_wakes_the_wait_there_is_and_not_one_that_was_given_up() -> None:
    """The mail is waited for, then the trip is cancelled, then its refund is waited for."""
    down = {"send confirmation": Fault("down"), "refund": [Fault("down")] * UNDO_TRIES + [{}]}
    _, kept = book(down, events={"keep record": ["cancel", "resume"]})
    assert kept.status == "cancelled"
    assert [m.event for m in kept.milestones] == ["needs_attention"] * 2 + ["resumed"]


@pytest.mark.parametrize("refused", ["search flight", "hold hotel", "confirm flight"])
def test_a_trip_that_is_run_again_undoes_what_the_broken_run_may_have_done(refused: str) -> None:
    given_back = {"amount": {"amount": 500, "currency": "USD"}, "postings": [{}, {}]}
    engine = FakeEngine(replies() | {refused: NO, "refund": given_back})
    order = Order(case_id="t1", request=VALID, again=True)
    engine.run(forward(TRIP, 1)(engine, order))  # type: ignore[arg-type]
    assert [call for call in engine.calls if call in UNDO_ALL] == UNDO_ALL
    mail = engine.inputs["send refusal"].body
    assert isinstance(mail, dict)
    assert mail["refunded"] == given_back["amount"]


def test_a_cancellation_of_which_little_is_known_is_carried_out() -> None:
    engine = FakeEngine(replies())
    order = Order(case_id="t1", request=VALID, reverses=Progress(), again=True)
    assert engine.run(reverse(TRIP)(engine, order)) == "cancelled"  # type: ignore[arg-type]
    assert [call for call in engine.calls if call in UNDO_ALL] == UNDO_ALL


def test_a_refusal_that_cannot_be_mailed_holds_nothing_up() -> None:
    engine, kept = book({"charge": NO, "send refusal": Fault("down")})
    assert kept.status == "rejected"
    assert engine.calls.count("send refusal") == Policies().step.tries
