"""The trip saga as the table in the design tells it, driven without Dapr."""

from typing import Any

import pytest

from orchestrator.models import Conclusion, TripOrder, TripRequest
from orchestrator.saga import Refused
from orchestrator.workflow import book_trip
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
        "search_flight": {"offerId": "F1"},
        "search_hotel": {"offerId": "H1"},
        "hold_flight": flight,
        "hold_hotel": hotel,
        "charge": {"id": "t1:payment", "status": "charged"},
        "confirm_flight": flight | {"status": "confirmed"},
        "confirm_hotel": hotel | {"status": "confirmed"},
        "cancel_flight": {"id": "t1:flight", "status": "cancelled"},
        "cancel_hotel": {"id": "t1:hotel", "status": "cancelled"},
        "refund": {"id": "t1:payment", "status": "refunded"},
    }


def book(changes: dict[str, Any], request: dict[str, Any] = VALID) -> tuple[FakeEngine, Conclusion]:
    engine = FakeEngine(replies() | changes)
    order = TripOrder(trip_id="t1", request=TripRequest.model_validate(request))
    status = engine.run(book_trip(engine, order))  # type: ignore[arg-type]
    concluded: Conclusion = engine.inputs["conclude"]
    assert concluded.progress.status == status
    return engine, concluded


STEPS = [
    "search_flight",
    "search_hotel",
    "hold_flight",
    "hold_hotel",
    "charge",
    "confirm_flight",
    "confirm_hotel",
]
UNDO_HOLDS = ["cancel_flight", "cancel_hotel"]
UNDO_ALL = ["refund", *UNDO_HOLDS]


def test_a_trip_takes_the_steps_of_the_table_and_is_confirmed() -> None:
    engine, concluded = book({})
    assert engine.calls == [*STEPS, "send_confirmation", "conclude"]
    assert concluded.progress.status == "confirmed"
    assert concluded.progress.total == {"amount": 500, "currency": "USD"}
    assert concluded.progress.halt is None


@pytest.mark.parametrize(
    ("step", "status", "undone"),
    [
        ("search_flight", "rejected", []),
        ("search_hotel", "rejected", []),
        ("hold_flight", "rejected", UNDO_HOLDS),
        ("hold_hotel", "rejected", UNDO_HOLDS),
        ("charge", "rejected", UNDO_ALL),
        ("confirm_flight", "failed", UNDO_ALL),
        ("confirm_hotel", "failed", UNDO_ALL),
    ],
)
@pytest.mark.parametrize("reply", [NO, Fault("down")], ids=["refused", "failed"])
def test_a_step_that_fails_undoes_what_was_begun(
    step: str, status: str, undone: list[str], reply: Any
) -> None:
    engine, concluded = book({step: reply})
    assert [call for call in engine.calls if call not in STEPS] == [*undone, "conclude"]
    assert concluded.progress.status == (status if reply is NO else "failed")
    assert concluded.progress.halt is not None
    assert concluded.progress.halt.step == step.replace("_", " ")
    assert concluded.progress.halt.reason == ("sold_out" if reply is NO else "unavailable")


def test_every_id_comes_from_the_trip() -> None:
    engine, _ = book({"confirm_hotel": Fault("down")})
    ids = {name: given.id for name, given in engine.inputs.items() if hasattr(given, "id")}
    assert {ids[name] for name in ("hold_flight", "confirm_flight", "cancel_flight")} == {
        "t1:flight"
    }
    assert {ids[name] for name in ("hold_hotel", "confirm_hotel", "cancel_hotel")} == {"t1:hotel"}
    assert {ids[name] for name in ("charge", "refund")} == {"t1:payment"}


def test_the_mail_is_retried_until_it_is_sent() -> None:
    engine, concluded = book({"send_confirmation": [Fault("down"), Fault("down"), {}]})
    assert engine.calls.count("send_confirmation") == 3
    assert concluded.progress.status == "confirmed"


def test_a_named_offer_is_not_searched_for() -> None:
    request = VALID | {
        "flight": VALID["flight"] | {"offerId": "F7"},
        "hotel": VALID["hotel"] | {"offerId": "h7"},
    }
    engine, _ = book({}, request)
    assert engine.calls[:2] == ["hold_flight", "hold_hotel"]
    assert engine.inputs["hold_flight"].body["offerId"] == "F7"
    assert engine.inputs["hold_hotel"].body["offerId"] == "h7"


def test_an_undo_that_cannot_be_completed_waits_and_goes_on_when_told_to() -> None:
    engine, concluded = book({"confirm_flight": NO, "refund": [Fault("down"), replies()["refund"]]})
    undoing = engine.calls[len(STEPS) :]
    assert undoing == ["refund", *UNDO_HOLDS, "wait for resume", "refund", "conclude"]
    assert any('"needs_attention"' in status for status in engine.statuses)
    assert concluded.progress.status == "failed"
    assert concluded.progress.charge == {"id": "t1:payment", "status": "refunded"}


def test_prices_in_two_currencies_are_not_added() -> None:
    hotel = replies()["hold_hotel"] | {"price": {"amount": 200, "currency": "EUR"}}
    engine, concluded = book({"hold_hotel": hotel})
    assert engine.calls[4:] == [*UNDO_HOLDS, "conclude"]
    assert concluded.progress.status == "rejected"
    assert concluded.progress.halt is not None
    assert concluded.progress.halt.reason == "mixed_currencies"


def test_recording_the_end_is_tried_until_it_works() -> None:
    engine, _ = book({"conclude": [Fault("store down"), {}]})
    assert engine.calls.count("conclude") == 2
