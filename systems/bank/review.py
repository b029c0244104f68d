"""The review of a transfer: what is looked at, when a person has to look, and who may say what."""

from pydantic import BaseModel

from base.wire import Wire
from sagas import Refused, Signal
from systems.bank.accounts.models import Note
from systems.bank.answers import Party, Score, Screening
from systems.bank.request import TransferRequest, User


class TransferTerms(BaseModel, extra="allow"):
    """From ``review_from`` points of fraud on a person reviews it, from ``refuse_from`` on it is
    refused. A review has ``review_seconds``."""

    review_from: int = 40
    refuse_from: int = 90
    review_seconds: float = 86_400.0

    def needs_review(self, found: Score, screened: Screening) -> bool:
        """Return whether a person has to look: at what is unusual, or like a listed name."""
        return found.score >= self.review_from or screened.outcome != "none"


def parties(wanted: TransferRequest, payer: Party, payee: Party) -> list[dict[str, str]]:
    """Return whose names are screened: the holders', and what the initiator calls the payee."""
    names = [("payer", payer.holder), ("payee", payee.holder), ("payee", wanted.payee_name)]
    return [{"role": role, "name": name} for role, name in dict.fromkeys(names)]


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
