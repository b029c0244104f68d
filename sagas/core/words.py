"""How a kind speaks to people: its verbs, and reason codes in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_REASONS = {
    "unavailable": "a service did not answer, however often it was asked",
    "circuit_open": "a service has been failing, so it was not asked again",
    "interrupted": "its workflow ended before it had an answer",
    "workflow_failed": "its workflow broke",
    "workflow_terminated": "its workflow was ended from outside",
    "workflow_unreadable": "the engine has lost its workflow",
    "workflow_stalled": "the engine holds its workflow back",
    "no_answer": "a service answered something that makes no sense",
    "unreadable_record": "this release cannot read its record",
}


@dataclass(frozen=True)
class Words:
    """One can ``begin`` (book) a case, that was ``begun`` (booked) then, by its ``owner`` (the
    customer), in one of many ``requests`` (bookings). ``reasons`` are codes in words; they go on
    from "because"."""

    begin: str = "start"
    begun: str = "started"
    owner: str = "customer"
    requests: str = "requests"
    reasons: Mapping[str, str] = field(default_factory=dict)

    def reason(self, code: str) -> str:
        """Return a reason code in words."""
        if code == f"cancelled_by_{self.owner}":
            return f"the {self.owner} changed their mind"
        return self.reasons.get(code) or _REASONS.get(code) or code.replace("_", " ")


def status(code: str) -> str:
    """Return a status in words."""
    return code.replace("_", " ")


def with_article(noun: str) -> str:
    """Return ``a trip``, ``an order``."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def money(value: Mapping[str, object] | None) -> str:
    """Return an amount in minor units of a currency with cents: ``1,019.00 USD``."""
    match value:
        case {"amount": int(amount), "currency": str(currency)}:
            return f"{amount / 100:,.2f} {currency}"
    return ""
