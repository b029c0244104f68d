"""Answers of a service that does not keep its contract: a fault, not a crash of the saga."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator import activities
from orchestrator.calls import Answer, Call, Made, Refused
from orchestrator.wiring import services


def answering(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    async def invoke(*_: Any) -> Answer:
        return answer

    monkeypatch.setattr(services, "invoke", invoke)


def run(make: Made) -> Answer:
    async def made() -> Answer:
        return await make(Call(step="", id="t1"))

    return asyncio.run(made())


CHECKED = [
    activities.search_flight,
    activities.search_hotel,
    activities.hold_flight,
    activities.hold_hotel,
    activities.charge,
    activities.confirm_flight,
    activities.confirm_hotel,
]


@pytest.mark.parametrize("make", CHECKED, ids=lambda make: make.__name__)
def test_an_answer_without_what_the_saga_needs_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, make: Made
) -> None:
    answering(monkeypatch, Answer(value={"status": "fine"}))
    with pytest.raises(ValidationError):
        run(make)


@pytest.mark.parametrize("make", CHECKED, ids=lambda make: make.__name__)
def test_a_refusal_is_passed_on(monkeypatch: pytest.MonkeyPatch, make: Made) -> None:
    refused = Answer(refusal=Refused(reason="no", detail="No."))
    answering(monkeypatch, refused)
    assert run(make) == refused


def test_of_several_offers_the_cheapest_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def offer(name: str, amount: int) -> dict[str, Any]:
        return {"offerId": name, "price": {"amount": amount, "currency": "USD"}}

    answering(monkeypatch, Answer(value={"offers": [offer("b", 2), offer("a", 1), offer("c", 3)]}))
    assert run(activities.search_flight).value["offerId"] == "a"


def test_no_offer_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, Answer(value={"offers": []}))
    refusal = run(activities.search_hotel).refusal
    assert refusal is not None
    assert refusal.reason == "sold_out"
