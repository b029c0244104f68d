"""What a booking may ask for."""

from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.models import TripRequest

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
    assert plain.digest() == spelt_out.digest()
    assert plain.digest() != other.digest()
