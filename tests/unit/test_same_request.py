"""The same request to a service after a deploy in which more may be asked for."""

from base.wire import as_asked
from services.flight.models import FlightHold
from services.payment.models import ChargeRequest

FLIGHT = {"offerId": "F1", "from": "SFO", "to": "JFK", "date": "2024-12-15", "passengers": 2}


class NextHold(FlightHold):
    cabin: str = "economy"


def test_what_may_be_asked_for_in_the_next_release_does_not_change_what_was_asked() -> None:
    assert as_asked(NextHold.model_validate(FLIGHT)) == as_asked(FlightHold.model_validate(FLIGHT))


def test_what_is_asked_for_besides_tells_requests_apart() -> None:
    business = NextHold.model_validate(FLIGHT | {"cabin": "business"})
    assert as_asked(business) != as_asked(NextHold.model_validate(FLIGHT))


def test_a_default_that_is_spelt_out_is_the_same_request() -> None:
    plain = {"customerId": "c1", "amount": {"amount": 100}}
    spelt_out = {"customerId": "c1", "amount": {"amount": 100, "currency": "USD"}}
    assert as_asked(ChargeRequest.model_validate(plain)) == as_asked(
        ChargeRequest.model_validate(spelt_out | {"paymentMethod": "pm_card_visa"})
    )
