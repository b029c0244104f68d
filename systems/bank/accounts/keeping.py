"""The rules of keeping an account: opened once, frozen and unfrozen, closed for ever."""

from datetime import datetime
from typing import Any

from base.errors import Refusal
from systems.bank.accounts.ledger import conflict
from systems.bank.accounts.records import Account, AccountStatus, Change


def open_account(asked: Account, known: Account | None) -> Change[Account]:
    """Open the account. Asking again for the same changes nothing, whatever became of it since.

    Refuses ``idempotency_conflict``: it was opened with another request.
    """
    if known is None:
        facts = asked.model_dump(mode="json", include={"id", "holder", "currency"})
        return Change(asked, "opened", {asked.id: asked}, facts=facts)
    if known.request != asked.request:
        raise conflict(asked.id)
    return Change(known)


def freeze(account_id: str, reason: str, known: Account | None) -> Change[Account]:
    """Let nothing be debited or credited; what is held stays so, and reversing entries still come
    home. Refuses ``unknown_account`` and ``account_closed``."""
    return _turned("frozen", account_id, reason, known)


def unfreeze(account_id: str, reason: str, known: Account | None) -> Change[Account]:
    """Let it be debited and credited again. Refuses as `freeze`."""
    return _turned("open", account_id, reason, known)


def close(account_id: str, reason: str, known: Account | None, now: datetime) -> Change[Account]:
    """Close an account that has nothing in it, for ever.

    Refuses ``unknown_account``, and ``account_not_empty`` while there is a balance or a hold.
    """
    account = _known(account_id, known)
    if account.posted or account.pending(now):
        raise Refusal("account_not_empty", f"{account_id} has a balance, or a hold.")
    return _with_status("closed", account, reason)


def _turned(
    status: AccountStatus, account_id: str, reason: str, known: Account | None
) -> Change[Account]:
    account = _known(account_id, known)
    if account.status == "closed":
        raise Refusal("account_closed", f"{account_id} is closed.")
    return _with_status(status, account, reason)


def _with_status(status: AccountStatus, account: Account, reason: str) -> Change[Account]:
    if account.status == status:
        return Change(account)
    made = account.model_copy(update={"status": status})
    facts: dict[str, Any] = {"id": account.id, "reason": reason}
    return Change(made, {"open": "unfrozen"}.get(status, status), {account.id: made}, facts=facts)


def _known(account_id: str, known: Account | None) -> Account:
    if known is None or not known.is_customers:
        raise Refusal("unknown_account", f"There is no account {account_id}.")
    return known
