"""How transfers speak to people, and one that works as it stands."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sagas import Words

EXAMPLE: dict[str, Any] = json.loads((Path(__file__).parent / "sample.json").read_text())

WORDS = Words(
    begin="send",
    begun="entered",
    owner="initiator",
    requests="transfers",
    reasons={
        "unknown_bank": "the bank of an account cannot be reached",
        "unknown_account": "there is no such account",
        "account_closed": "an account is closed",
        "account_frozen": "an account is frozen",
        "currency_mismatch": "an account is kept in another currency",
        "insufficient_funds": "the available balance is too low",
        "transfer_limit_exceeded": "it is more than one transfer may move",
        "daily_limit_exceeded": "it is more than may be moved on one day",
        "fraud_suspected": "it may be a fraud",
        "sanctions_match": "a party is on a sanctions list",
        "not_approved": "the reviewer refused it",
        "review_timed_out": "nobody reviewed it in time",
        "expired": "the hold had expired",
        "already_voided": "the hold was voided",
    },
)

_MONEY = {
    "pending": "held",
    "posted": "in_transit",
    "reversed": "returned",
    "voided": "released",
    "expired": "released",
}
_RETURN_CODES = {"account_closed": "AC04", "account_frozen": "AC06", "unknown_account": "AC03"}


def money_is(results: Mapping[str, Any]) -> str:
    """Return where the money of a transfer is: untouched, held, in transit, credited, returned, or
    released."""
    if "credit" in results:
        return "credited"
    return _MONEY.get(results.get("hold", {}).get("status", ""), "untouched")


def return_reason(code: str) -> str:
    """Return why a transfer came back, with the code of ISO 20022 if there is one."""
    iso = _RETURN_CODES.get(code)
    return f"{WORDS.reason(code)} ({iso})" if iso else WORDS.reason(code)
