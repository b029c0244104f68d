"""Wire types of AccountService. Amounts are in minor units; all times are UTC."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, EmailStr, Field, StringConstraints

from base.wire import Money, ResourceId, Timestamp, Wire
from systems.bank.accounts.records import AccountStatus, HoldStatus, PostingKind
from systems.bank.banks import Iban

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,140}$")]
Note = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{0,140}$")]


class Amount(Money):
    """An amount that is not nothing."""

    amount: Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]


class Balance(Wire):
    """A sum in minor units, which may be negative, and is larger than one transfer's."""

    amount: int
    currency: str


class OpenRequest(Wire):
    """Whose account it is, and how much may be moved by one transfer and on one day."""

    holder: Text
    email: EmailStr | None = None
    currency: Currency = "EUR"
    per_transfer: Annotated[int, Field(strict=True, ge=1)] = 5_000_000
    per_day: Annotated[int, Field(strict=True, ge=1)] = 10_000_000


class StatusRequest(Wire):
    """Why an account is frozen, unfrozen or closed."""

    reason: Text


class CheckRequest(Wire):
    """Whether the account can take part in a transfer in this currency."""

    account: Iban
    currency: Currency


class CheckState(Wire):
    """An account that can."""

    account: str
    holder: str
    email: str | None = None
    currency: str


class AccountState(Wire):
    """An account: ``available`` is what is posted less what holds keep, ``pending``."""

    account: str
    holder: str
    status: AccountStatus
    posted: Balance
    pending: Balance
    available: Balance
    per_transfer: int | None = None
    per_day: int | None = None
    limit_taken: int | None = None


class AccountList(Wire):
    """All accounts, as they are at one moment."""

    bank: str
    accounts: list[AccountState]


class DepositRequest(Wire):
    """Cash that a customer pays in."""

    account: Iban
    amount: Amount
    remittance: Note = ""


class HoldRequest(Wire):
    """What is to be held for a transfer; the bank's fee is held beside it. It expires after so many
    ``seconds``, or after the bank's own time."""

    account: Iban
    amount: Amount
    seconds: Annotated[float, Field(gt=0, le=7 * 86_400)] | None = None


class ExtendRequest(Wire):
    """Until when a hold is to last."""

    until: AwareDatetime


class PostRequest(Wire):
    """The id of the posting, whom the money goes to, and what it is for."""

    posting_id: ResourceId
    payee: Iban
    remittance: Note = ""


class ReverseRequest(Wire):
    """Why the money comes home: a code. Whatever it is, the money does."""

    reason: Annotated[str, AfterValidator(lambda reason: reason[:140])] = "not_completed"


class CreditRequest(Wire):
    """What is to be credited to the payee, from whom, and what for."""

    payer: Iban
    payee: Iban
    amount: Amount
    remittance: Note = ""


class SettlementRequest(Wire):
    """A transfer whose payee has the money: one of the two banks is this one."""

    payer: Iban
    payee: Iban
    amount: Amount


class LegState(Wire):
    """An account on one side of an entry, or of the trial balance, and its amount there."""

    account: str
    side: Literal["debit", "credit"]
    amount: Balance


class PostingState(Wire):
    """An entry of the journal; its debits and credits are equal."""

    id: str
    kind: PostingKind
    legs: list[LegState]
    booked_at: Timestamp
    value_date: date
    counterparty: str | None = None
    remittance: str | None = None
    reason: str | None = None


class HoldState(Wire):
    """A hold, the posting that it became, and the reversing entry if that was reversed."""

    id: str
    status: HoldStatus
    account: str | None = None
    amount: Money | None = None
    fee: Money | None = None
    expires_at: Timestamp | None = None
    posting: PostingState | None = None
    reversal: PostingState | None = None


class LimitRequest(Wire):
    """What a transfer is to take of the daily limit."""

    account: Iban
    amount: Amount


class LimitState(Wire):
    """What a transfer took of the limit of a day."""

    id: str
    status: str
    amount: int
    day: date | None = None


class EntryState(Wire):
    """A line of a statement, and the balance after it."""

    number: int
    booked_at: Timestamp
    value_date: date
    posting: str
    kind: PostingKind
    amount: Balance
    balance: Balance
    counterparty: str | None = None
    remittance: str | None = None
    reason: str | None = None


class Statement(Wire):
    """The entries of an account in a span of booking days: ``opening`` is the balance before the
    first of them, ``closing`` that after the last. While there is a ``next``, there are more: ask
    again with it as ``after``."""

    account: str
    holder: str
    opening: Balance
    closing: Balance
    entries: list[EntryState]
    next: int | None = None


class TrialBalance(Wire):
    """Every account with its balance, on the side on which it stands; of each currency, debits and
    credits are equal. ``asOf`` is the number of the last audit line then."""

    bank: str
    as_of: int
    accounts: list[LegState]
    debits: list[Balance]
    credits: list[Balance]
    difference: Annotated[int, Field(description="Debits less credits: 0.")]


class LineState(Wire):
    """An audit line as it is stored; ``hash`` is over all else of it, ``previous`` is that of the
    line before."""

    number: int
    at: str
    event: str
    facts: dict[str, object]
    previous: str
    hash: str


class AuditPage(Wire):
    """Audit lines, and the end of the chain."""

    lines: list[LineState]
    last: int
    hash: str
