"""The mails of orders, by their own templates."""

from pathlib import Path
from typing import Any

import pytest

from base.errors import Refusal
from services.notification.mail import Mail
from services.notification.models import Notice
from services.notification.notices import Notices

MAILS = Notices(Path(__file__).parent.parent / "mails")
EVE = "order-1\r\nBcc: eve@example.com"


def euros(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "EUR"}


def parcel(number: str, *lines: tuple[int, str]) -> dict[str, Any]:
    return {
        "trackingNumber": number,
        "trackingUrl": f"https://carrier.example/?parcel={number}&lang=en",
        "lines": [{"quantity": quantity, "name": name} for quantity, name in lines],
    }


FULFILLED = {
    "orderId": "order-1",
    "lines": [
        {"name": "Cup <stoneware>", "quantity": 2, "price": euros(2400)},
        {"name": "Teapot", "quantity": 1, "price": euros(4450)},
    ],
    "parcels": [
        parcel("RR123456785DE", (2, "Cup <stoneware>")),
        parcel("RR987654323DE", (1, "Teapot")),
    ],
    "total": euros(6850),
}
CANCELLED = {"orderId": "order-1", "why": "you <asked> for it", "refunded": euros(6850)}
REJECTED = {"orderId": "order-1", "why": "the card was <declined>", "refunded": None}
REFUNDED = {
    "orderId": "order-1",
    "trackingNumber": "RR123456785DE",
    "why": "it was <lost> on its way",
    "refunded": euros(2400),
}
FACTS: dict[str, dict[str, Any]] = {
    "order_fulfilled": FULFILLED,
    "order_cancelled": CANCELLED,
    "order_rejected": REJECTED,
    "order_refunded": REFUNDED,
}
SUBJECTS = {
    "order_fulfilled": "Your order order-1 is on its way",
    "order_cancelled": "Your order order-1 is cancelled",
    "order_rejected": "Your order order-1 could not be fulfilled",
    "order_refunded": "A parcel of your order order-1 is refunded",
}
TOLD = {
    "order_fulfilled": ["RR123456785DE", "RR987654323DE", "Teapot", "24.00 EUR", "68.50 EUR"],
    "order_cancelled": ["because you", "refunded 68.50 EUR"],
    "order_rejected": ["because the card was", "You were not charged."],
    "order_refunded": ["RR123456785DE", "because it was", "refunded 24.00 EUR"],
}


def composed(template: str, facts: dict[str, Any]) -> Mail:
    asked = {"template": template, "to": "alice@example.com", "facts": facts}
    return MAILS.compose(Notice.model_validate(asked))


def plain(html: str) -> str:
    return html.replace("<strong>", "").replace("</strong>", "")


def test_every_template_has_its_test() -> None:
    names = {path.name.partition(".")[0] for path in Path(__file__).parent.parent.glob("mails/*")}
    assert names == set(FACTS) == set(SUBJECTS) == set(TOLD)


@pytest.mark.parametrize("template", FACTS)
def test_both_parts_tell_the_same_facts(template: str) -> None:
    mail = composed(template, FACTS[template])
    assert mail.subject == SUBJECTS[template]
    for part in (plain(mail.html), mail.text):
        for fact in ("order-1", *TOLD[template]):
            assert fact in part


@pytest.mark.parametrize("template", FACTS)
def test_html_is_escaped_and_plain_text_is_not(template: str) -> None:
    mail = composed(template, FACTS[template])
    [raw] = {
        each for each in ("<stoneware>", "<asked>", "<declined>", "<lost>") if each in mail.text
    }
    assert raw not in mail.html
    assert raw.replace("<", "&lt;").replace(">", "&gt;") in mail.html


@pytest.mark.parametrize(
    ("template", "missing"), [(template, fact) for template in FACTS for fact in FACTS[template]]
)
def test_each_fact_is_needed_and_named_when_it_is_missing(template: str, missing: str) -> None:
    facts = {name: fact for name, fact in FACTS[template].items() if name != missing}
    with pytest.raises(Refusal, match=f"{template} needs the fact {missing}") as refusal:
        composed(template, facts)
    assert refusal.value.reason == "missing_fact"


@pytest.mark.parametrize("missing", ["trackingNumber", "trackingUrl", "lines"])
def test_each_fact_of_a_parcel_is_needed(missing: str) -> None:
    bare = {name: fact for name, fact in parcel("RR1", (1, "Cup")).items() if name != missing}
    with pytest.raises(Refusal, match=missing):
        composed("order_fulfilled", FULFILLED | {"parcels": [bare]})


@pytest.mark.parametrize("template", FACTS)
def test_an_order_id_adds_no_header(template: str) -> None:
    with pytest.raises(ValueError, match="a text is one line"):
        composed(template, FACTS[template] | {"orderId": EVE})
    unchecked = Notice.model_construct(
        template=template, to="alice@example.com", facts=FACTS[template] | {"orderId": EVE}
    )
    assert "Bcc" not in MAILS.compose(unchecked).subject


def test_a_parcel_is_followed_by_a_link() -> None:
    mail = composed("order_fulfilled", FULFILLED)
    assert 'href="https://carrier.example/?parcel=RR123456785DE&amp;lang=en"' in mail.html
    assert "https://carrier.example/?parcel=RR123456785DE&lang=en\n" in mail.text
    script = parcel("RR1", (1, "Cup")) | {"trackingUrl": "javascript:alert(1)"}
    with pytest.raises(Refusal, match="is no link"):
        composed("order_fulfilled", FULFILLED | {"parcels": [script]})


def test_parcels_are_counted_and_each_has_its_own_lines() -> None:
    text = composed("order_fulfilled", FULFILLED).text
    first, second = text.index("PARCEL 1 of 2"), text.index("PARCEL 2 of 2")
    assert first < text.index("2 x Cup") < text.index("RR123456785DE") < second
    assert second < text.index("1 x Teapot") < text.index("RR987654323DE")


def test_what_was_left_out_is_named_and_not_charged() -> None:
    missing = [{"sku": "JUG-1", "name": "Jug", "quantity": 3}, {"sku": "PLATE-2", "quantity": 1}]
    mail = composed("order_fulfilled", FULFILLED | {"missing": missing})
    for part in (mail.html.replace("&times;", "x"), mail.text):
        assert "3 x Jug was not there and is not charged." in part
        assert "1 x PLATE-2 was not there and is not charged." in part
    for whole in (FULFILLED, FULFILLED | {"missing": []}):
        mail = composed("order_fulfilled", whole)
        assert "not charged" not in mail.html + mail.text


@pytest.mark.parametrize("template", ["order_cancelled", "order_rejected"])
@pytest.mark.parametrize(
    ("refunded", "said"),
    [(euros(6850), "refunded 68.50 EUR"), (None, "You were not charged.")],
    ids=["refunded", "not charged"],
)
def test_it_is_said_what_was_given_back(template: str, refunded: Any, said: str) -> None:
    mail = composed(template, FACTS[template] | {"refunded": refunded})
    assert said in mail.text
    assert said in plain(mail.html)
    assert ("refunded" in mail.text) == (refunded is not None)
