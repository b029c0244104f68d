"""What a customer reads of an order: every mail is made of what the saga says."""

from typing import Any

import pytest

from sagas import Done, Progress, Step
from sagas.core.progress import Halt
from services.notification.mail import Mail
from services.notification.models import Notice
from services.notification.notices import Notices, NoticeSettings
from systems.orders import mail
from systems.orders.answers import Money, Parcel
from systems.orders.fulfilment import ORDER
from systems.orders.words import EXAMPLE

PRICE = {"amount": 1999, "currency": "USD"}
LINE = {"sku": "CUP-1", "name": "Cup <b>", "quantity": 2, "price": PRICE}
RESULTS: dict[str, Any] = {
    "stock": {"parcels": [{"number": 1, "lines": [LINE]}], "missing": [], "total": PRICE},
    "label-1": {"trackingNumber": "CP000000005US"},
}
ORDERED = ORDER.read(EXAMPLE)


NOTICES = Notices(NoticeSettings(mail_templates="systems.orders").folder)


def sent(step: Step[Done] | None) -> Mail:
    assert step is not None
    return NOTICES.compose(Notice.model_validate(step.body))


def test_what_is_sent_is_told_with_its_tracking_number_and_price() -> None:
    told = sent(mail.shipped("o1", ORDERED, RESULTS))
    assert told.subject == "Your order o1 is on its way"
    assert "CP000000005US" in told.text
    assert "http://localhost:6103/tracking/CP000000005US" in told.html
    assert "19.99 USD" in told.text
    assert "Cup &lt;b&gt;" in told.html
    assert "not charged" not in told.text


def test_what_was_left_out_is_told() -> None:
    stock = RESULTS["stock"] | {"missing": [{"sku": "BOWL", "quantity": 3}]}
    told = sent(mail.shipped("o1", ORDERED, RESULTS | {"stock": stock}))
    assert "3 x BOWL" in told.text


@pytest.mark.parametrize(("status", "why"), [("lost", "lost"), ("returned", "came back")])
def test_a_refunded_parcel_is_told(status: str, why: str) -> None:
    parcel = Parcel(number=1, warehouse="berlin", lines=[], price=Money(**PRICE), weight=1)
    told = sent(mail.refunded("o1", ORDERED, parcel, status, RESULTS))
    assert "19.99 USD" in told.text
    assert why in told.text


@pytest.mark.parametrize("status", ["rejected", "failed", "cancelled"])
@pytest.mark.parametrize(
    ("payment", "says"),
    [
        (None, "You were not charged."),
        ({"refunded": {"amount": 0, "currency": "USD"}}, "You were not charged."),
        ({"refunded": PRICE}, "We refunded 19.99 USD"),
    ],
)
def test_an_order_that_is_not_sent_is_told_with_what_was_given_back(
    status: str, payment: Any, says: str
) -> None:
    halt = Halt(step="pick", reason="short_pick", detail="x")
    results = {"payment": payment} if payment else {}
    told = sent(mail.end("o1", ORDERED, Progress(status=status, halt=halt, results=results)))
    assert says in told.text
    assert "Nothing of it is sent." in told.text
    assert ("could not be found in the warehouse" in told.text) == (status != "cancelled")


def test_of_what_was_sent_nothing_more_is_told() -> None:
    assert mail.end("o1", ORDERED, Progress(status="fulfilled")) is None
