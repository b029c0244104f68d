"""The mails, and the sink's file names."""

from datetime import UTC, date, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from icalendar import Calendar

from base.token import signed
from base.wire import Money
from services.notification.calendar import entries
from services.notification.mail import compose, money
from services.notification.models import Cancellation, Confirmation, Refusal
from services.notification.sink import file_name

FACTS: dict[str, Any] = {
    "template": "confirmation",
    "to": "alice@example.com",
    "tripId": "trip-001",
    "flight": {
        "reservationId": "trip-001:flight",
        "number": "DT599",
        "from": "SFO",
        "to": "JFK",
        "departure": "2024-12-15T07:15:00-08:00",
        "arrival": "2024-12-15T15:50:00-05:00",
        "passengers": 2,
        "price": {"amount": 69800, "currency": "USD"},
    },
    "hotel": {
        "reservationId": "trip-001:hotel",
        "name": "Riverside <Hotel>",
        "city": "New York",
        "checkIn": "2024-12-15",
        "checkOut": "2024-12-18",
        "guests": 2,
        "price": {"amount": 32100, "currency": "USD"},
    },
    "total": {"amount": 101900, "currency": "USD"},
}


def test_both_parts_tell_the_same_facts() -> None:
    mail = compose("t1:confirmation", Confirmation.model_validate(FACTS))
    for part in (mail.html, mail.text):
        for fact in ("trip-001:flight", "DT599", "15:50", "trip-001:hotel", "1,019.00 USD"):
            assert fact in part


def test_html_is_escaped_and_plain_text_is_not() -> None:
    mail = compose("t1:confirmation", Confirmation.model_validate(FACTS))
    assert "Riverside &lt;Hotel&gt;" in mail.html
    assert "Riverside <Hotel>" in mail.text


@pytest.mark.parametrize(
    ("refunded", "said"),
    [({"amount": 101900}, "refunded 1,019.00 USD"), (None, "You were not charged")],
)
def test_a_cancellation_says_what_was_given_back(refunded: Any, said: str) -> None:
    facts = {"template": "cancellation", "to": "a@example.com", "tripId": "t1"}
    mail = compose("t1:cancellation", Cancellation.model_validate(facts | {"refunded": refunded}))
    assert mail.subject == "Your trip t1 is cancelled"
    assert said in mail.text
    assert said in mail.html.replace("<strong>", "")


def test_a_refusal_says_why() -> None:
    facts = {"template": "refusal", "to": "a@example.com", "tripId": "t1", "why": "all is <full>"}
    mail = compose("t1:refusal", Refusal.model_validate(facts))
    assert mail.subject == "Your trip t1 could not be booked"
    assert "all is <full>" in mail.text
    assert "all is &lt;full&gt;" in mail.html


def test_a_confirmation_links_to_its_calendar_entry() -> None:
    mail = compose("t1:confirmation", Confirmation.model_validate(FACTS))
    for part in (mail.html, mail.text):
        assert "/notifications/t1:confirmation/calendar.ics" in part


def test_in_a_secure_system_the_link_opens_it_without_a_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APP_API_TOKEN", "secret")
    link = signed("/notifications/t1:confirmation/calendar.ics", "secret")
    assert "calendar.ics?key=" in link
    mail = compose("t1:confirmation", Confirmation.model_validate(FACTS))
    for part in (mail.html, mail.text):
        assert link in part
        assert "secret" not in part


def test_the_calendar_has_the_flight_and_the_nights() -> None:
    made_at = datetime(2024, 12, 1, tzinfo=UTC)
    file = entries(Confirmation.model_validate(FACTS), made_at)
    flight, stay = Calendar.from_ical(file).events
    assert flight.start == datetime.fromisoformat("2024-12-15T07:15:00-08:00")
    assert flight.end == datetime.fromisoformat("2024-12-15T15:50:00-05:00")
    assert (stay.start, stay.end) == (date(2024, 12, 15), date(2024, 12, 18))
    assert {str(flight["uid"]), str(stay["uid"])} == {"trip-001:flight", "trip-001:hotel"}


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [(123450, "USD", "1,234.50 USD"), (5, "EUR", "0.05 EUR"), (1500, "JPY", "1,500 JPY")],
)
def test_money_is_written_in_major_units(amount: int, currency: str, written: str) -> None:
    assert money(Money(amount=amount, currency=currency)) == written


def test_a_mail_delivered_again_has_the_same_file_and_another_has_another() -> None:
    def delivered(body: str, date: str) -> str:
        message = EmailMessage()
        message["Subject"], message["Date"] = "Your trip ../x is confirmed", date
        message.set_content(body)
        return file_name(message.as_bytes())

    first = delivered("hello", "Mon, 01 Jan 2024 00:00:00 +0000")
    assert first == delivered("hello", "Tue, 02 Jan 2024 00:00:00 +0000")
    assert first != delivered("other", "Mon, 01 Jan 2024 00:00:00 +0000")
    assert "/" not in first
    assert first.startswith("Your-trip-x-is-confirmed-")


@pytest.mark.parametrize("trip_id", ["-", "_x_", "-" * 64, "Z" * 64])
def test_a_mail_is_found_by_its_trip_whatever_that_is_called(trip_id: str) -> None:
    facts = {"template": "cancellation", "to": "a@example.com", "tripId": trip_id}
    message = EmailMessage()
    message["Subject"] = compose(f"{trip_id}:c", Cancellation.model_validate(facts)).subject
    message.set_content(trip_id)
    assert file_name(message.as_bytes()).startswith(f"Your-trip-{trip_id}-is-c")
