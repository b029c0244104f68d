"""From a notification to a mail: subject, HTML and plain text, from the same facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import (
    BaseLoader,
    DictLoader,
    Environment,
    PackageLoader,
    StrictUndefined,
    UndefinedError,
    select_autoescape,
)
from pydantic_settings import BaseSettings

from base.errors import Refusal
from base.wire import Money
from services.notification.models import Notice, NotificationRequest

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
    """``PUBLIC_URL``: where customers reach this service, for the links in mails.
    ``MAIL_TEMPLATES``: the package whose folder ``mails`` has a system's own templates."""

    public_url: str = "http://localhost:8104"
    mail_templates: str = ""


def compose(notification_id: str, wanted: NotificationRequest) -> Mail:
    """Return the mail for a notification. Refuses ``unknown_template`` and ``missing_fact``."""
    if isinstance(wanted, Notice):
        return _noticed(wanted, _templates_of(MailSettings().mail_templates))
    facts = {name: getattr(wanted, name) for name in type(wanted).model_fields}
    facts["calendar"] = f"{MailSettings().public_url}/notifications/{notification_id}/calendar.ics"
    return Mail(
        to=str(wanted.to),
        subject=f"Your trip {wanted.trip_id} {_SAYS[wanted.template]}",
        html=_templates.get_template(f"{wanted.template}.html.j2").render(facts),
        text=_templates.get_template(f"{wanted.template}.txt.j2").render(facts),
    )


def _noticed(wanted: Notice, templates: Environment) -> Mail:
    """Return the mail of a template of the system's own. The first line of its text is the
    subject."""
    if f"{wanted.template}.txt.j2" not in templates.list_templates():
        known = sorted(name.partition(".")[0] for name in templates.list_templates(["j2"]))
        detail = f"There is no template {wanted.template}; there are {', '.join(known) or 'none'}."
        raise Refusal("unknown_template", detail)
    try:
        told = templates.get_template(f"{wanted.template}.txt.j2").render(wanted.facts)
        html = templates.get_template(f"{wanted.template}.html.j2").render(wanted.facts)
    except UndefinedError as missing:
        raise Refusal("missing_fact", f"{wanted.template}: {missing.message}.") from missing
    subject, _, text = told.partition("\n")
    return Mail(to=str(wanted.to), subject=" ".join(subject.split()), html=html, text=text.lstrip())


@cache
def _templates_of(package: str) -> Environment:
    return _environment(PackageLoader(package, "mails") if package else DictLoader({}))


def _environment(loader: BaseLoader) -> Environment:
    env = Environment(
        loader=loader,
        autoescape=select_autoescape(["html.j2", "html"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    env.filters["money"] = money
    return env


def money(value: Money | Mapping[str, object]) -> str:
    """Return an amount as people write it: ``1,234.50 USD``."""
    if not isinstance(value, Money):
        value = Money.model_validate(value)
    digits = _MINOR_DIGITS.get(value.currency, 2)
    return f"{value.amount / 10**digits:,.{digits}f} {value.currency}"


_templates = _environment(PackageLoader("services.notification"))
