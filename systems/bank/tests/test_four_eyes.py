"""Who may review a transfer, what a review amounts to, and when there is one."""

import pytest

from sagas import Refused
from systems.bank.answers import Party, Score, Screening
from systems.bank.request import TransferRequest
from systems.bank.review import REVIEW, Review, TransferTerms, decided, four_eyes, parties, told
from systems.bank.words import EXAMPLE

WANTED = TransferRequest.model_validate(EXAMPLE)  # anna entered it
PAYER, PAYEE = (Party(account=name, holder=name) for name in ("Anna Albers", "Bert Brinkman"))


@pytest.mark.parametrize(("by", "may"), [("bob", True), ("anna", False), ("Anna", False)])
def test_who_entered_a_transfer_does_not_review_it(by: str, may: bool) -> None:
    no = four_eyes(WANTED, Review(approved=True, by=by))
    own = Refused(reason="four_eyes", detail="Who entered a transfer does not review it.")
    assert no == (None if may else own)


def test_a_review_approves_or_refuses_and_says_whose_it_is() -> None:
    assert decided(Review(approved=True, by="bob")) is None
    assert decided(Review(approved=False, by="bob", note="Odd.")) == Refused(
        reason="not_approved", detail="bob refused it. Odd."
    )
    assert told(Review(approved=True, by="bob")) == "Approved by bob."
    assert told(Review(approved=True, by="bob", note="Called her.")) == (
        "Approved by bob. Called her."
    )
    assert (REVIEW.forbids, REVIEW.check, REVIEW.by) == (four_eyes, decided, "person")


@pytest.mark.parametrize(
    ("score", "outcome", "looks"),
    [(39, "none", False), (40, "none", True), (0, "close", True)],
)
def test_a_person_looks_at_what_is_unusual(score: int, outcome: str, looks: bool) -> None:
    found, screened = Score(score=score, reasons=[]), Screening(outcome=outcome)
    assert TransferTerms().needs_review(found, screened) == looks


def test_both_holders_are_screened_and_what_the_payee_is_called_if_that_differs() -> None:
    holders = [
        {"role": "payer", "name": "Anna Albers"},
        {"role": "payee", "name": "Bert Brinkman"},
    ]
    assert parties(WANTED, PAYER, PAYEE) == holders
    other = WANTED.model_copy(update={"payee_name": "Bertie"})
    assert parties(other, PAYER, PAYEE) == [*holders, {"role": "payee", "name": "Bertie"}]


def test_a_day_is_how_long_a_review_may_take() -> None:
    assert TransferTerms().review_seconds == 24 * 60 * 60
