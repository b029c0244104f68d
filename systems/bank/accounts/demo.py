"""Accounts to try things with. They are opened, and money is paid in, once at a first start."""

import asyncio
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.errors import Refusal, Unavailable
from systems.bank.accounts import asked
from systems.bank.accounts.bookkeeping import Bookkeeping
from systems.bank.accounts.models import Amount, DepositRequest, OpenRequest
from systems.bank.banks import Bank, bank_of

ACCOUNTS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "demo_accounts.json").read_text()
)
"""What is asked for by IBAN, and how much is paid in, in minor units."""

_PAUSE_SECONDS = 0.2
_log = logging.getLogger("service")


@dataclass
class Opening:
    """Whether the demonstration accounts of a bank are there."""

    books: Bookkeeping
    bank: Bank
    done: bool = False

    async def run(self) -> None:
        """Open them, and ask again as long as the store does not answer."""
        while not self.done:
            try:
                for iban, facts in ACCOUNTS.items():
                    if bank_of(iban) == self.bank:
                        await self._open(iban, **facts)
                self.done = True
            except Unavailable as fault:
                _log.warning("The demonstration accounts are not open yet: %s", fault)
                await asyncio.sleep(_PAUSE_SECONDS)
            except Refusal as no:
                _log.warning("The demonstration accounts stay as they are: %s", no)
                self.done = True

    async def _open(self, iban: str, paid_in: int, **wanted: Any) -> None:
        request = OpenRequest.model_validate(wanted)
        await self.books.open_account(asked.account(iban, request))
        if paid_in:
            amount = Amount(amount=paid_in, currency=request.currency)
            cash = DepositRequest(account=iban, amount=amount, remittance="Opening balance")
            await self.books.credit(asked.deposit(f"opening:{iban}", cash))
