"""What may be asked for: a transfer."""

from typing import Annotated

from pydantic import StringConstraints, model_validator

from base.wire import Wire
from systems.bank.accounts.models import Amount, Note, Text
from systems.bank.banks import Iban

User = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.@+-]{1,128}$")]


class TransferRequest(Wire):
    """Money from one account to another. ``initiatorId`` is the person who enters it."""

    initiator_id: User
    payer: Iban
    payee: Iban
    payee_name: Text
    amount: Amount
    remittance: Note = ""

    @model_validator(mode="after")
    def _from_one_to_another(self) -> "TransferRequest":
        if self.payer == self.payee:
            raise ValueError("payer and payee are the same account")
        return self
