"""What payer and payee are told of a transfer, and when."""

from typing import Any

from sagas import Done, Progress, Step
from systems.bank.request import TransferRequest
from systems.bank.words import return_reason

_NOTIFICATION, _SEND = "notification-service", "PUT notifications/{id}"
_NOT_TOLD = ("fraud_suspected", "sanctions_match", "not_approved", "review_timed_out")

DEBITED = Step("send debit advice", _NOTIFICATION, _SEND, "debited", Done)
CREDITED = Step("send credit advice", _NOTIFICATION, _SEND, "credited", Done)
RETURNED = Step("send return", _NOTIFICATION, _SEND, "returned", Done)
REJECTED = Step("send rejection", _NOTIFICATION, _SEND, "rejected", Done)
EVERY = (DEBITED, CREDITED, RETURNED, REJECTED)


def confirmations(
    transfer_id: str, wanted: TransferRequest, results: dict[str, Any]
) -> list[Step[Done]]:
    """Tell both that the money has arrived, each who has an address."""
    payer, payee, fee = results["payer"], results["payee"], results["hold"]["fee"]
    facts = _facts(transfer_id, wanted)
    debited = facts | {
        "fee": fee if fee["amount"] else None,
        "valueDate": results["hold"]["posting"]["valueDate"],
    }
    credited = facts | {
        "payerName": payer["holder"],
        "valueDate": results["credit"]["valueDate"],
    }
    told = [
        (DEBITED, "transfer_debited", payer.get("email"), debited),
        (CREDITED, "transfer_credited", payee.get("email"), credited),
    ]
    return [
        step.given(template=template, to=to, facts=facts)
        for step, template, to, facts in told
        if to
    ]


def end(transfer_id: str, wanted: TransferRequest, ended: Progress) -> Step[Done] | None:
    """Tell the payer that nothing was transferred, and why; of what fraud and sanctions screening
    found, nobody is told. That it was completed, both know."""
    to = ended.results.get("payer", {}).get("email")
    if ended.succeeded or to is None:
        return None
    reason = ended.halt.reason if ended.halt else ""
    why = "it cannot be carried out" if reason in _NOT_TOLD else return_reason(reason)
    facts = _facts(transfer_id, wanted) | {"why": why}
    if ended.results.get("hold", {}).get("status") == "reversed":
        return RETURNED.given(template="transfer_returned", to=to, facts=facts)
    return REJECTED.given(template="transfer_rejected", to=to, facts=facts)


def _facts(transfer_id: str, wanted: TransferRequest) -> dict[str, Any]:
    return {
        "transferId": transfer_id,
        "amount": wanted.amount.model_dump(),
        "payer": _spaced(wanted.payer),
        "payee": _spaced(wanted.payee),
        "payeeName": wanted.payee_name,
        "remittance": wanted.remittance,
    }


def _spaced(iban: str) -> str:
    """Return an IBAN as it is printed, in groups of four."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
