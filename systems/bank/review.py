"""The review of a transfer: what is said, and who may say it. Four eyes see what is unusual."""

from base.wire import Wire
from sagas import Refused, Signal
from systems.bank.accounts.models import Note
from systems.bank.request import TransferRequest, User


class Review(Wire):
    """What the reviewer ``by`` decides; a ``note`` says why."""

    approved: bool
    by: User
    note: Note = ""


def four_eyes(wanted: TransferRequest, said: Review) -> Refused | None:
    """Return the refusal of a reviewer who entered the transfer."""
    if said.by.casefold() != wanted.initiator_id.casefold():
        return None
    return Refused(reason="four_eyes", detail="Who entered a transfer does not review it.")


def decided(said: Review) -> Refused | None:
    """Return the refusal that a review amounts to."""
    if said.approved:
        return None
    return Refused(reason="not_approved", detail=f"{said.by} refused it. {said.note}".strip())


def told(said: Review) -> str:
    return f"Approved by {said.by}. {said.note}".strip()


REVIEW = Signal("review", Review, check=decided, told=told, forbids=four_eyes)
