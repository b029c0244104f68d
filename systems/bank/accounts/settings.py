"""What can be set of a bank's AccountService, by environment variables."""

from functools import cached_property
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from systems.bank.banks import Bank, named


class BankSettings(BaseSettings):
    """``BANK``: which bank it is, by its name. ``TRANSFER_FEE``: what a transfer costs its payer,
    in minor units. ``HOLD_SECONDS``: how long a hold lasts that is neither posted nor extended.
    ``DEMO``: whether demonstration accounts are opened at start."""

    bank: str = "bank-a"
    transfer_fee: Annotated[int, Field(ge=0)] = 0
    hold_seconds: float = 15 * 60
    demo: bool = True

    @cached_property
    def which(self) -> Bank:
        return named(self.bank)

    @property
    def store(self) -> str:
        return f"{self.which.name}-store"
