"""PaymentService's routes of payments, over a store in memory."""

import asyncio
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from base.clock import utc_now
from kit.documents import Documents
from services.payment import payments as rules
from services.payment.app import AuthorisationSettings, app
from services.payment.ledger import Charge
from services.payment.payments import Payment
from tests.support.memory import MemoryStore, at_once

WEEK = 7 * 24 * 60 * 60
EUR = "EUR"
BODY: dict[str, Any] = {
    "customerId": "customer-123",
    "amount": {"amount": 100, "currency": EUR},
    "paymentMethod": "pm_card_visa",
}
PATH = "/payments/o1:payment"


def money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": EUR}


class Service:
    """The app over a store in memory; its authorisations last for ``seconds``."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.payments = Documents(self.store, "payment", Payment)  # type: ignore[arg-type]
        app.state.payments = self.payments
        app.state.charges = Documents(self.store, "charge", Charge)  # type: ignore[arg-type]
        self.lasts(WEEK)

    def lasts(self, seconds: float) -> None:
        app.state.authorisation_seconds = seconds

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                return await client.request(method, path, json=body)

        return asyncio.run(asked())

    def authorise(self, **other: Any) -> httpx.Response:
        return self.ask("PUT", PATH, BODY | other)

    def capture(self, share: str, amount: int, currency: str = EUR) -> httpx.Response:
        body = {"amount": {"amount": amount, "currency": currency}}
        return self.ask("PUT", f"{PATH}/captures/{share}", body)

    def refund(self, share: str) -> httpx.Response:
        return self.ask("POST", f"{PATH}/captures/{share}/refund")

    def cancel(self) -> httpx.Response:
        return self.ask("POST", f"{PATH}/cancel")

    def look(self) -> Any:
        return self.ask("GET", PATH).json()


@pytest.fixture
def service() -> Service:
    return Service()


def refused(answer: httpx.Response, status: int, reason: str) -> None:
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert answer.headers["content-type"] == "application/problem+json"


def count(done: str) -> float:
    return REGISTRY.get_sample_value("payments_total", {"done": done}) or 0


def test_what_is_authorised_is_shown_in_camel_case(service: Service) -> None:
    first, again = service.authorise(), service.authorise()
    assert (first.status_code, first.text) == (200, again.text)
    shown = first.json()
    assert shown.pop("expiresAt").endswith("Z")
    assert shown == {
        "id": "o1:payment",
        "status": "authorised",
        "authorised": money(100),
        "captured": money(0),
        "refunded": money(0),
        "paymentMethod": "pm_card_visa",
        "reason": None,
        "postings": [],
    }
    assert service.look() == first.json()


def test_shares_are_captured_refunded_and_listed(service: Service) -> None:
    service.authorise()
    first, again = service.capture("o1:a", 40), service.capture("o1:a", 40)
    assert first.text == again.text
    share = {"id": "o1:a", "paymentId": "o1:payment", "status": "captured", "amount": money(40)}
    assert first.json() == share
    assert service.look()["status"] == "partially_captured"
    assert service.capture("o1:b", 60).status_code == 200
    assert (service.look()["status"], service.look()["expiresAt"]) == ("captured", None)
    assert service.capture("o1:a", 40).text == first.text
    back, repeated = service.refund("o1:a"), service.refund("o1:a")
    assert back.text == repeated.text
    assert back.json() == share | {"status": "refunded"}
    shown = service.look()
    assert (shown["captured"], shown["refunded"]) == (money(100), money(40))
    lines = [(line["kind"], line["captureId"], line["amount"]) for line in shown["postings"]]
    assert lines == [("capture", "o1:a", 40), ("capture", "o1:b", 60), ("refund", "o1:a", -40)]
    assert all(line["at"].endswith("Z") for line in shown["postings"])


def test_a_cancel_can_keep_a_fee(service: Service) -> None:
    service.authorise()
    first = service.ask("POST", f"{PATH}/cancel", {"keep": money(30)})
    assert first.status_code == 200, first.text
    assert (first.json()["status"], first.json()["captured"]) == ("cancelled", money(30))
    assert service.cancel().json() == first.json()


@pytest.mark.parametrize("body", [{"keep": {"amount": -1}}, {"keep": 3}, {"fee": 3}])
def test_a_fee_that_makes_no_sense_cancels_nothing(service: Service, body: Any) -> None:
    service.authorise()
    assert service.ask("POST", f"{PATH}/cancel", body).status_code == 422
    assert service.ask("GET", PATH).json()["status"] == "authorised"


def test_a_cancel_settles_to_nothing(service: Service) -> None:
    service.authorise()
    service.capture("o1:a", 40)
    first, again = service.cancel(), service.cancel()
    assert (first.status_code, first.text) == (200, again.text)
    assert (first.json()["status"], first.json()["refunded"]) == ("cancelled", money(40))
    refused(service.capture("o1:b", 1), 409, "payment_cancelled")
    refused(service.authorise(), 409, "payment_cancelled")


def test_each_refusal_has_its_status(service: Service) -> None:
    refused(service.ask("GET", PATH), 404, "unknown_payment")
    refused(service.capture("o1:a", 1), 404, "unknown_payment")
    refused(service.authorise(paymentMethod="iou"), 422, "unknown_payment_method")
    service.authorise()
    refused(service.authorise(customerId="bob"), 409, "idempotency_conflict")
    refused(service.capture("o1:a", 101), 409, "exceeds_authorisation")
    refused(service.capture("o1:a", 1, "USD"), 409, "currency_mismatch")
    service.capture("o1:a", 1)
    refused(service.capture("o1:a", 2), 409, "idempotency_conflict")
    service.refund("o1:a")
    refused(service.capture("o1:a", 1), 409, "capture_refunded")
    refused(service.ask("PUT", PATH, BODY | {"amont": 1}), 422, "invalid_request")
    refused(service.ask("PUT", f"{PATH}/captures/o1:b", {}), 422, "invalid_request")
    refused(service.capture(".b", 1), 422, "invalid_request")


def test_a_decline_is_recorded_and_repeated(service: Service) -> None:
    for _ in range(2):
        refused(service.authorise(paymentMethod="pm_card_chargeDeclined"), 402, "card_declined")
    shown = service.look()
    assert (shown["status"], shown["reason"]) == ("declined", "card_declined")
    assert shown["authorised"] == money(0)
    refused(service.capture("o1:a", 1), 402, "card_declined")
    assert service.cancel().json() == shown


def test_a_capture_after_the_hold_ran_out_is_refused_for_good(service: Service) -> None:
    service.lasts(0)
    service.authorise()
    assert service.look()["status"] == "expired"
    assert service.store.values["payment:o1:payment"]["status"] == "authorised"
    refused(service.capture("o1:a", 1), 409, "authorisation_expired")
    assert service.store.values["payment:o1:payment"]["status"] == "expired"
    refused(service.authorise(), 409, "authorisation_expired")
    assert service.look()["postings"] == []
    assert service.cancel().json()["status"] == "cancelled"


def test_a_refund_that_comes_first_leaves_a_tombstone_but_no_payment(service: Service) -> None:
    first = service.refund("o1:a")
    tombstone = {"id": "o1:a", "paymentId": "o1:payment", "status": "refunded", "amount": None}
    assert (first.status_code, first.json()) == (200, tombstone)
    refused(service.ask("GET", PATH), 404, "unknown_payment")
    assert service.authorise().json()["status"] == "authorised"
    refused(service.capture("o1:a", 40), 409, "capture_refunded")
    assert service.refund("o1:a").text == first.text


def test_a_cancel_that_comes_first_leaves_a_tombstone(service: Service) -> None:
    first = service.cancel()
    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert (first.json()["authorised"]["amount"], first.json()["postings"]) == (0, [])
    refused(service.authorise(), 409, "payment_cancelled")
    assert service.cancel().text == first.text


def test_a_capture_that_a_cancel_overtakes_takes_nothing(service: Service) -> None:
    service.authorise()
    service.store.before_write = lambda: at_once(
        service.payments.change(
            "o1:payment", lambda known: rules.cancel("o1:payment", known, utc_now())
        )
    )
    refused(service.capture("o1:a", 40), 409, "payment_cancelled")
    assert (service.look()["status"], service.look()["postings"]) == ("cancelled", [])


def test_a_payment_and_a_charge_of_the_same_id_are_two_things(service: Service) -> None:
    service.authorise()
    charged = service.ask("PUT", "/charges/o1:payment", BODY).json()
    assert charged["status"] == "charged"
    service.cancel()
    assert service.ask("GET", "/charges/o1:payment").json() == charged


def test_what_is_done_is_counted(service: Service) -> None:
    names = ("authorised", "captured", "refunded", "cancelled", "expired", "declined")
    before = {name: count(name) for name in names}
    service.authorise()
    service.capture("o1:a", 40)
    service.authorise()
    service.refund("o1:a")
    service.cancel()
    service = Service()
    service.authorise(paymentMethod="pm_card_chargeDeclined")
    service = Service()
    service.lasts(0)
    service.authorise()
    service.capture("o1:a", 40)
    done = {name: count(name) - before[name] for name in names}
    assert done == dict.fromkeys(names, 1) | {"authorised": 3}


def test_how_long_an_authorisation_lasts_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert AuthorisationSettings().authorisation_seconds == WEEK
    monkeypatch.setenv("AUTHORISATION_SECONDS", "90")
    assert AuthorisationSettings().authorisation_seconds == 90
