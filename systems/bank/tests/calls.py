"""The calls of a transfer from bank A to bank B, as a proxy sees them."""

from systems.bank.tests.branch import BANK_A, BANK_B, COMPLIANCE, FRAUD, NOTIFICATION
from tests.support.every_call import Call

ROWS = [
    [
        Call("check payer at bank-a", BANK_A, "POST", "/accounts/check"),
        Call("check payee at bank-b", BANK_B, "POST", "/accounts/check"),
    ],
    [Call("hold at bank-a", BANK_A, "PUT", ":hold")],
    [
        Call("score fraud", FRAUD, "PUT", ":score"),
        Call("screen parties", COMPLIANCE, "PUT", ":screening"),
        Call("take limit at bank-a", BANK_A, "PUT", ":limit"),
    ],
    [Call("debit payer at bank-a", BANK_A, "POST", ":hold/post")],
]
"""Up to the pivot. The calls of one row are made together; those of the first name no transfer, but
an account."""

UNDOS = [
    [],
    ["release hold at bank-a"],
    ["release limit at bank-a"],
    ["reverse debit at bank-a"],
]
"""What undoes each row."""

CALLS = [call for row in ROWS for call in row]
CREDIT = Call("credit payee at bank-b", BANK_B, "PUT", ":credit")
FORWARD = [
    CREDIT,
    Call("send debit advice", NOTIFICATION, "PUT", ":debited"),
    Call("send credit advice", NOTIFICATION, "PUT", ":credited"),
    Call("note payee", FRAUD, "POST", ":score/complete"),
    Call("settle at bank-a", BANK_A, "PUT", ":settlement"),
    Call("settle at bank-b", BANK_B, "PUT", ":settlement"),
]


def undone_after(call: Call) -> list[str]:
    """Return the undos, in their order, when the saga stops at this call."""
    last = next(number for number, row in enumerate(ROWS) if call in row)
    return [undo for undos in reversed(UNDOS[: last + 1]) for undo in undos]
