"""What a booking may ask for."""

from typing import Any

import pytest
from pydantic import ValidationError

from base.wire import Wire
from orchestrator.request import FlightWish, HotelWish, TripRequest
from orchestrator.trip import TRIP
from sagas.records.record import digest as digest_of

VALID: dict[str, Any] = {
    "customerId": "customer-123",
    "customerEmail": "alice@example.com",
    "flight": {"from": "SFO", "to": "JFK", "date": "2024-12-15", "passengers": 2},
    "hotel": {"city": "New York", "checkIn": "2024-12-15", "checkOut": "2024-12-18", "guests": 2},
}


def with_change(path: str, value: Any) -> dict[str, Any]:
    top, _, inner = path.partition(".")
    return VALID | {top: VALID[top] | {inner: value} if inner else value}


def test_the_payment_method_has_a_default_that_works() -> None:
    assert TripRequest.model_validate(VALID).payment_method == "pm_card_visa"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("customerId", ""),
        ("customerId", 7),
        ("customerId", "line\nbreak"),
        ("customerId", "customer\u202e321-"),
        ("hotel.city", "New\u2066York"),
        ("flight.date", "1734220800"),
        ("hotel.checkIn", "2024-12-15T00:00:00"),
        ("customerEmail", "alice"),
        ("flight.from", "XXX"),
        ("flight.from", "sfo"),
        ("flight.to", "SFO"),
        ("flight.date", "2024-13-01"),
        ("flight.date", 20241215),
        ("flight.passengers", 0),
        ("flight.passengers", 10),
        ("flight.passengers", "2"),
        ("flight.passengers", True),
        ("flight.class", "first"),
        ("hotel.city", ""),
        ("hotel.checkOut", "2024-12-15"),
        ("hotel.checkOut", "2024-12-14"),
        ("hotel.guests", 1.5),
        ("hotel", None),
        ("paymentMethod", "pm card"),
    ],
)
def test_bad_input_is_refused(path: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        TripRequest.model_validate(with_change(path, value))


def test_the_digest_tells_requests_apart_and_ignores_what_is_default_anyway() -> None:
    plain = TripRequest.model_validate(VALID)
    spelt_out = TripRequest.model_validate(VALID | {"paymentMethod": "pm_card_visa"})
    other = TripRequest.model_validate(with_change("hotel.guests", 3))
    assert digest_of(plain) == digest_of(spelt_out)
    assert digest_of(plain) != digest_of(other)


class NextFlightWish(FlightWish):
    cabin: str = "economy"


class NextRequest(TripRequest):
    """What the next release could take: more may be asked for, also of the flight."""

    locale: str | None = None
    flight: NextFlightWish


class OrderedOtherwise(Wire):
    """The same fields in another order."""

    payment_method: str = "pm_card_visa"
    hotel: HotelWish
    flight: FlightWish
    customer_email: str
    customer_id: str


def test_a_request_is_the_same_after_a_release_in_which_more_may_be_asked_for() -> None:
    digest = digest_of(TripRequest.model_validate(VALID))
    assert digest_of(NextRequest.model_validate(VALID)) == digest
    assert digest_of(OrderedOtherwise.model_validate(VALID)) == digest
    for more in ({"locale": "de"}, {"flight": VALID["flight"] | {"cabin": "first"}}):
        assert digest_of(NextRequest.model_validate(VALID | more)) != digest


def test_a_digest_is_the_same_in_every_release() -> None:
    chosen = VALID | {"hotel": VALID["hotel"] | {"offerId": "H1"}, "paymentMethod": "pm_card_amex"}
    assert [digest_of(TripRequest.model_validate(asked)) for asked in (VALID, chosen)] == [
        "7a6c25a706d71b0b5a96863b29c9e41f2eb11c036d652037e3583fef76a1340b",
        "94870a5c7871707bebcbec81d21a16e7ff95a9d4bed85322ade03e1e8cd57249",
    ]


def test_a_stored_request_has_the_digest_of_what_was_asked() -> None:
    asked = TripRequest.model_validate(VALID)
    assert digest_of(TRIP.read(VALID)) == digest_of(asked)
