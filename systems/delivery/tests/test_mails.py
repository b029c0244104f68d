"""What a customer reads of a delivery: every mail is made of what the saga says."""

from typing import Any

import pytest

from sagas import Done, Progress, Step
from sagas.core.progress import Halt
from services.notification.mail import Mail
from services.notification.models import Notice
from services.notification.notices import Notices, NoticeSettings
from systems.delivery import mail
from systems.delivery.delivery import DELIVERY
from systems.delivery.words import EXAMPLE

ORDERED = DELIVERY.read(EXAMPLE)
NOTICES = Notices(NoticeSettings(mail_templates="systems.delivery").folder)


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def results(captured: int) -> dict[str, Any]:
    line = {"name": "Phở <b>", "quantity": 2, "price": euros(2380)}
    quote = {"name": "Phở Hà", "lines": [line], "food": euros(2380), "ride": euros(300)}
    return {"quote": quote, "bill": {"captured": euros(captured)}}


def sent(step: Step[Done] | None) -> Mail:
    assert step is not None
    return NOTICES.compose(Notice.model_validate(step.body))


@pytest.mark.parametrize(("captured", "tip"), [(2680, ""), (2918, "2.38 EUR")])
def test_the_receipt_says_what_it_came_to(captured: int, tip: str) -> None:
    told = sent(mail.receipt("d1", ORDERED, results(captured)))
    assert told.subject == "Your receipt for d1"
    assert f"{captured / 100:.2f} EUR" in told.text
    assert "Kastanienallee 7, 3.00 EUR" in told.text
    assert "Phở &lt;b&gt;" in told.html
    assert ("Tip for your driver" in told.text) == bool(tip)
    assert tip in told.text


@pytest.mark.parametrize("status", ["rejected", "failed", "cancelled"])
@pytest.mark.parametrize(
    ("payment", "says"),
    [
        (None, "You were not charged."),
        ({"captured": euros(0)}, "You were not charged."),
        ({"captured": euros(1190)}, "We charged 11.90 EUR for what had been cooked by then."),
    ],
)
def test_what_is_not_brought_is_told_with_its_fee(status: str, payment: Any, says: str) -> None:
    halt = Halt(step="offer ride", reason="no_driver", detail="x")
    known = {"payment": payment} if payment else {}
    told = sent(mail.end("d1", ORDERED, Progress(status=status, halt=halt, results=known)))
    assert says in told.text
    assert ("no driver was found" in told.text) == (status != "cancelled")


def test_of_what_was_brought_nothing_more_is_told() -> None:
    assert mail.end("d1", ORDERED, Progress(status="delivered")) is None
