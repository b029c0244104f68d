"""From what is told of a trip to a mail: subject, HTML and plain text, from the same facts."""

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from pydantic_settings import BaseSettings

from base.token import TokenSettings, signed
from base.wire import Money
from services.notification.models import TripNotice

_SAYS = {
    "confirmation": "is confirmed",
    "cancellation": "is cancelled",
    "refusal": "could not be booked",
}
_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3}  # ISO 4217; all others here have 2


@dataclass(frozen=True)
class Mail:
    """A mail ready to be sent."""

    to: str
    subject: str
    html: str
    text: str


class MailSettings(BaseSettings):
    """``PUBLIC_URL``: where customers reach this service, for the links in mails."""

    public_url: str = "http://localhost:8104"


def compose(notification_id: str, wanted: TripNotice) -> Mail:
    """Return the mail that tells it."""
    facts = {name: getattr(wanted, name) for name in type(wanted).model_fields}
    entry = f"/notifications/{notification_id}/calendar.ics"
    facts["calendar"] = MailSettings().public_url + signed(entry, TokenSettings().app_api_token)
    return Mail(
        to=str(wanted.to),
        subject=f"Your trip {wanted.trip_id} {_SAYS[wanted.template]}",
        html=_templates.get_template(f"{wanted.template}.html.j2").render(facts),
        text=_templates.get_template(f"{wanted.template}.txt.j2").render(facts),
    )


def money(value: Money) -> str:
    """Return an amount as people write it: ``1,234.50 USD``."""
    digits = _MINOR_DIGITS.get(value.currency, 2)
    return f"{value.amount / 10**digits:,.{digits}f} {value.currency}"


_templates = Environment(
    loader=PackageLoader("services.notification"),
    autoescape=select_autoescape(["html.j2", "html"]),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)
_templates.filters["money"] = money
