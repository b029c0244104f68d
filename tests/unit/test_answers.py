"""Answers of a service that does not keep its contract: a fault, not a crash of the saga."""

from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.activities import KEEP, LOOK, ROWS
from orchestrator.calls import Answer, Refused
from orchestrator.requests import REQUESTS

CHECKED = [
    "search flight",
    "search hotel",
    "hold flight",
    "hold hotel",
    "charge",
    "confirm flight",
    "confirm hotel",
]


@pytest.mark.parametrize("step", CHECKED)
def test_an_answer_without_what_the_saga_needs_is_a_fault(step: str) -> None:
    with pytest.raises(ValidationError):
        REQUESTS[step].read(Answer(value={"status": "fine"}))


@pytest.mark.parametrize("step", REQUESTS)
def test_a_refusal_is_passed_on(step: str) -> None:
    refused = Answer(refusal=Refused(reason="no", detail="No."))
    assert REQUESTS[step].read(refused) == refused


def test_of_several_offers_the_cheapest_is_taken() -> None:
    def offer(name: str, amount: int) -> dict[str, Any]:
        return {"offerId": name, "price": {"amount": amount, "currency": "USD"}}

    found = Answer(value={"offers": [offer("b", 2), offer("a", 1), offer("c", 3)]})
    assert REQUESTS["search flight"].read(found).value["offerId"] == "a"


def test_no_offer_is_a_refusal() -> None:
    refusal = REQUESTS["search hotel"].read(Answer(value={"offers": []})).refusal
    assert refusal is not None
    assert refusal.reason == "sold_out"


def test_every_step_of_a_row_has_a_request_but_for_the_record() -> None:
    steps = {step for row in ROWS.values() for step in row}
    assert steps == {*REQUESTS, KEEP, LOOK}
