"""What the saga needs of the participants' answers."""

from pydantic import BaseModel, Field

from sagas import Progress


class Party(BaseModel):
    """An account that can take part, and whose it is."""

    account: str
    holder: str
    email: str | None = None


class Reason(BaseModel):
    """Something unusual about a transfer, and its points."""

    code: str
    points: int


class Score(BaseModel):
    """How likely a fraud is, from 0 to 100, and why."""

    score: int
    reasons: list[Reason]

    @property
    def why(self) -> str:
        return ", ".join(f"{each.code} {each.points}" for each in self.reasons) or "nothing unusual"


class Match(BaseModel):
    """A name on the sanctions list that a party's is like."""

    number: str
    name: str
    program: str
    likeness: float


class Screened(BaseModel):
    """What was found of a party."""

    role: str
    name: str
    outcome: str
    matches: list[Match] = []


class Screening(BaseModel):
    """What screening found; the most serious outcome of all parties."""

    outcome: str
    parties: list[Screened] = []


class Money(BaseModel):
    """Minor units, with an ISO 4217 code."""

    amount: int
    currency: str


class Held(BaseModel):
    """A hold: what is kept for the payee, and for the payer's bank."""

    status: str
    amount: Money
    fee: Money


class Booked(BaseModel):
    """An entry of a bank's journal."""

    id: str
    value_date: str = Field(alias="valueDate")


class Debited(BaseModel):
    """A hold that was posted."""

    status: str
    posting: Booked


class Why(BaseModel):
    """What a reversal is told: the reason code for which the transfer stopped."""

    reason: str


def why(progress: Progress) -> Why:
    """Return for which reason a transfer stopped."""
    return Why(reason=progress.halt.reason if progress.halt else "not_completed")
