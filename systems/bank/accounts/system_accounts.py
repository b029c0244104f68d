"""The accounts of a bank itself, one for each currency: cash, fees, suspense, and for each other
bank money in transit and settlement.

The in-transit accounts of two banks mirror each other: together they are what is under way between
them. Once the payee has it, both banks settle: then nothing is in transit at either, and the
settlement accounts say what the banks owe each other, until they pay it through the central bank.
"""

import re

from systems.bank.accounts.records import Account
from systems.bank.banks import BANKS, Bank

_BANKS = "|".join(bank.name for bank in BANKS)
_ID = re.compile(rf"(cash|fees|suspense|(?:in-transit|settlement)-(?:{_BANKS}))-([A-Z]{{3}})")


def cash(currency: str) -> str:
    """What customers paid in, and the bank has."""
    return f"cash-{currency}"


def fees(currency: str) -> str:
    """What the bank earned."""
    return f"fees-{currency}"


def suspense(currency: str) -> str:
    """What came home to an account that is closed: a person has to see to it."""
    return f"suspense-{currency}"


def in_transit(other: Bank, currency: str) -> str:
    """What is on its way to another bank, or has come from it."""
    return f"in-transit-{other.name}-{currency}"


def settlement(other: Bank, currency: str) -> str:
    """What is owed to another bank, or by it."""
    return f"settlement-{other.name}-{currency}"


def own(account_id: str) -> Account | None:
    """Return the bank's own account of this id, with nothing in it; None if it is no such id."""
    found = _ID.fullmatch(account_id)
    return Account(id=account_id, currency=found[2], holder=found[1]) if found else None
