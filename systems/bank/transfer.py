"""The transfer saga: check, hold, screen, review if need be, debit, credit; or all comes home."""

from datetime import timedelta
from typing import Any

from sagas import Done, Durable, Kind, Saga, Show, Shown, Step
from systems.bank import mail
from systems.bank.answers import Debited, Held, Party, Score, Screening, why
from systems.bank.banks import BANKS, Bank, bank_of
from systems.bank.request import TransferRequest
from systems.bank.review import REVIEW, TransferTerms, parties
from systems.bank.words import EXAMPLE, WORDS, money_is

FRAUD, COMPLIANCE = "fraud-service", "compliance-service"
_POSTING_TAKES = timedelta(hours=1)  # what a hold outlasts a review by


class At:
    """The steps at one bank: which one a transfer needs follows from its IBANs."""

    #              name, service, request, resource, answer, undone by
    def __init__(self, bank: Bank) -> None:
        def step(name: str, *rest: Any, **more: Any) -> Step[Any]:
            return Step(f"{name} at {bank.name}", bank.service, *rest, **more)

        let_go = step("release hold", "POST holds/{id}/release", "hold", Shown)
        home = step("reverse debit", "POST holds/{id}/reverse", "hold", Shown, says=why)
        untaken = step("release limit", "POST limits/{id}/release", "limit", Done)
        self.payer = step("check payer", "POST accounts/check", "", Party)
        self.payee = step("check payee", "POST accounts/check", "", Party)
        self.hold = step("hold", "PUT holds/{id}", "hold", Held, let_go)
        self.limit = step("take limit", "PUT limits/{id}", "limit", Done, untaken)
        self.extend = step("extend hold", "POST holds/{id}/extend", "hold", Held)
        self.debit = step("debit payer", "POST holds/{id}/post", "hold", Debited, home)
        self.credit = step("credit payee", "PUT credits/{id}", "credit", Shown, pivot=True)
        self.settle = step("settle", "PUT settlements/{id}", "settlement", Done)


BANK = {bank.name: At(bank) for bank in BANKS}
score = Step("score fraud", FRAUD, "PUT scores/{id}", "score", Score)
screen = Step("screen parties", COMPLIANCE, "PUT screenings/{id}", "screening", Screening)
complete = Step("note payee", FRAUD, "POST scores/{id}/complete", "score", Done)


def transfer(saga: Saga, wanted: TransferRequest) -> Durable[None]:
    """Move the money, or leave all of it where it was."""
    sender, receiver = _at(saga, wanted.payer), _at(saga, wanted.payee)
    currency = wanted.amount.currency
    moved = {"payer": wanted.payer, "payee": wanted.payee, "amount": wanted.amount}
    payer, payee = yield from saga.together(
        sender.payer.given(account=wanted.payer, currency=currency),
        receiver.payee.given(account=wanted.payee, currency=currency),
    )
    saga.show(payer=payer, payee=payee)
    named = {"payeeName": wanted.payee_name, "payeeHolder": payee.holder}
    yield from saga.run(sender.hold.given(account=wanted.payer, amount=wanted.amount))
    found, screened, _ = yield from saga.together(
        score.given(**moved, **named),
        screen.given(parties=parties(wanted, payer, payee)),
        sender.limit.given(account=wanted.payer, amount=wanted.amount),
    )
    yield from _reviewed(saga, sender, found, screened)
    text = {"remittance": wanted.remittance}
    posting = sender.debit.given(postingId=f"{saga.id}:debit", payee=wanted.payee, **text)
    yield from saga.run(posting)
    yield from saga.run(receiver.credit.given(**moved, **text))
    told = mail.confirmations(saga.id, wanted, saga.progress.results)
    # Within one bank, nothing is in transit any more.
    between = [] if sender is receiver else [sender.settle, receiver.settle]
    yield from saga.together(*told, complete, *(settle.given(**moved) for settle in between))


def _at(saga: Saga, iban: str) -> At:
    bank = bank_of(iban)
    if bank is None:
        saga.refuse("find bank", "unknown_bank", f"The bank of {iban} cannot be reached.")
    return BANK[bank.name]


def _reviewed(saga: Saga, sender: At, found: Score, screened: Screening) -> Durable[None]:
    """Have a person look at what is unusual. Meanwhile the hold lasts."""
    terms = saga.terms(TransferTerms)
    if found.score >= terms.refuse_from:
        saga.refuse(score.name, "fraud_suspected", found.why)
    if not terms.needs_review(found, screened):
        return
    within = timedelta(seconds=terms.review_seconds)
    yield from saga.run(sender.extend.given(until=saga.now + within + _POSTING_TAKES))
    yield from saga.hear(REVIEW, within=within)


TRANSFER = Kind(
    noun="transfer",
    done="completed",
    request=TransferRequest,
    rows={
        "check": [each for at in BANK.values() for each in (at.payer, at.payee)],
        "hold": [at.hold for at in BANK.values()],
        "screen": [score, screen, *(at.limit for at in BANK.values())],
        "extend": [at.extend for at in BANK.values()],
        "debit": [at.debit for at in BANK.values()],
        "credit": [at.credit for at in BANK.values()],
        "send": [*mail.EVERY, complete, *(at.settle for at in BANK.values())],
    },
    signals=[REVIEW],
    workflows=[transfer],
    terms=TransferTerms,
    closing=mail.end,
    owner=lambda wanted: wanted.initiator_id,
    title=lambda wanted: f"{wanted.payer} to {wanted.payee_name}, {wanted.payee}",
    words=WORDS,
    shows=[
        Show("amount", dict[str, object], lambda wanted, *_: wanted.amount.model_dump(), True),
        Show("money", str, lambda _, progress, __: money_is(progress.results), True),
    ],
    example=EXAMPLE,
)
