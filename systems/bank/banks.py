"""The banks that can be reached: which one keeps an account follows from its IBAN."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException


@dataclass(frozen=True)
class Bank:
    """A bank: its name in app-ids and accounts, what people call it, and its code in IBANs."""

    name: str
    title: str
    code: str

    @property
    def service(self) -> str:
        """The app-id of the service that keeps its accounts."""
        return f"{self.name}-accounts"


BANKS = (
    Bank("bank-a", "Aller Bank", "90010000"),
    Bank("bank-b", "Brenta Bank", "BRTA"),
)


def _compact(text: str) -> str:
    try:
        return IBAN(text).compact
    except SchwiftyException as wrong:
        raise ValueError(f"it is not an IBAN: {wrong}") from wrong


Iban = Annotated[
    str,
    Field(min_length=15, max_length=42, examples=["DE07 9001 0000 0000 0010 00"]),
    AfterValidator(_compact),
]
"""An IBAN whose check digits are right, without spaces."""


def bank_of(iban: str) -> Bank | None:
    """Return the bank that keeps the account, or None if it cannot be reached."""
    code = IBAN(iban, allow_invalid=True).bank_code
    return next((bank for bank in BANKS if bank.code == code), None)


def named(name: str) -> Bank:
    """Return the bank of this name. Raises ValueError when there is none."""
    for bank in BANKS:
        if bank.name == name:
            return bank
    raise ValueError(f"There is no bank {name}.")
