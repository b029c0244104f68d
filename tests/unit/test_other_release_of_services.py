"""What another release of a service stored: read, shown without what is not known, and not lost."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kit import holds
from kit.documents import Documents
from kit.holds import Claim, Pool, Reservation
from services.flight import app as flight
from services.hotel import app as hotel
from services.notification import app as notification
from services.notification.notices import Notices
from services.notification.outbox import Outbox, Sent
from services.payment import charge_routes, ledger, payment_routes, payments
from services.payment.ledger import Charge, Posting
from services.payment.payments import Capture, Payment
from tests.support.later_release import UNKNOWN, with_more
from tests.support.memory import MemoryStore

NOW = datetime(2024, 12, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=15)
PRICE = {"amount": 300, "currency": "USD"}
FLIGHT = {
    "offer_id": "F1",
    "number": "DT1",
    "origin": "SFO",
    "destination": "JFK",
    "departure": "2024-12-15T07:15:00-08:00",
    "arrival": "2024-12-15T15:45:00-05:00",
}
STAY = {
    "offer_id": "h1",
    "name": "Riverside",
    "city": "New York",
    "check_in": "2024-12-15",
    "check_out": "2024-12-18",
    "rooms": 1,
}


def reservation(**details: Any) -> Reservation:
    known = Reservation(
        id="r1",
        status="held",
        quantity=2,
        pools=["seats"],
        details={"price": PRICE, **details},
        created_at=NOW,
        expires_at=SOON,
    )
    return Reservation.model_validate(with_more(known.model_dump(mode="json")))


@pytest.mark.parametrize(
    ("app", "details"),
    [(flight, {"flight": FLIGHT, "passengers": 2}), (hotel, {"stay": STAY, "guests": 2})],
    ids=["flight", "hotel"],
)
def test_a_reservation_is_shown_as_far_as_it_is_known(app: Any, details: dict[str, Any]) -> None:
    shown = app._to_wire(reservation(**details)).model_dump(mode="json", by_alias=True)
    assert UNKNOWN not in str(shown)
    assert (shown["id"], shown["price"]) == ("r1", PRICE)


@pytest.mark.parametrize("rule", [holds.confirm, holds.cancel])
def test_what_is_not_known_of_reservation_pool_and_claim_stays(rule: Any) -> None:
    known = reservation()
    pool = Pool(claims={name: Claim(quantity=2, until=SOON) for name in ("r1", "r2")})
    stored = with_more(pool.model_dump(mode="json"))
    stored["claims"].pop(UNKNOWN)
    change = rule("r1", known, {"seats": Pool.model_validate(stored)}, NOW)
    assert change.reservation.model_dump()[UNKNOWN] == "more"
    written = change.pools["seats"].model_dump(mode="json")
    assert written[UNKNOWN] == "more"
    assert written["claims"]["r2"] == stored["claims"]["r2"]


def test_a_charge_is_shown_as_far_as_it_is_known_and_refunded_without_loss() -> None:
    postings = [Posting(kind="charge", amount=300, at=NOW)]
    stored = Charge(id="c1", status="charged", amount=300, method="pm_card_visa", postings=postings)
    charge = Charge.model_validate(with_more(stored.model_dump(mode="json")))
    assert UNKNOWN not in charge_routes._to_wire(charge).model_dump_json()
    refunded = ledger.refund("c1", charge, NOW).model_dump()
    assert (refunded[UNKNOWN], refunded["postings"][0][UNKNOWN]) == ("more", "more")


def test_a_payment_is_shown_as_far_as_it_is_known_and_settled_without_loss() -> None:
    stored = Payment(id="p1", status="authorised", amount=300, method="pm_card_visa")
    captured = payments.capture(Capture("c1", 200, "USD"), "p1", stored, NOW)
    payment = Payment.model_validate(with_more(captured.model_dump(mode="json")))
    assert UNKNOWN not in payment_routes._to_wire(payment).model_dump_json()
    cancelled = payments.cancel("p1", payment, NOW).model_dump()
    assert (cancelled[UNKNOWN], cancelled["postings"][0][UNKNOWN]) == ("more", "more")


def test_a_confirmation_with_more_in_it_has_its_calendar() -> None:
    flown = {
        name: FLIGHT[name] for name in ("number", "origin", "destination", "departure", "arrival")
    }
    stayed = {name: STAY[name] for name in ("name", "city", "check_in", "check_out")}
    request = {
        "template": "confirmation",
        "to": "alice@example.com",
        "trip_id": "t1",
        "flight": flown | {"reservation_id": "t1:flight", "passengers": 2, "price": PRICE},
        "hotel": stayed | {"reservation_id": "t1:hotel", "guests": 2, "price": PRICE},
        "total": PRICE,
    }
    sent = Sent(id="t1:m", request=request, to="a@b.c", subject="s", text="t", sent_at=NOW)
    state = MemoryStore()
    state.values["notification:t1:m"] = with_more(sent.model_dump(mode="json"))
    sent_before = Documents(state, "notification", Sent)  # type: ignore[arg-type]
    outbox = Outbox(sent_before, None, Notices(None))  # type: ignore[arg-type]
    answer = asyncio.run(notification.calendar("t1:m", outbox))
    assert b"DT1" in bytes(answer.body)
