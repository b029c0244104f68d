"""Answers of a service that does not keep its contract: a fault, not a crash of the saga."""

import asyncio
from typing import Any
from unittest.mock import Mock

import pytest
from pydantic import ValidationError

from orchestrator.trip import TRIP
from sagas.core.calls import Answer, Call, Calls, Outcomes, Refused
from sagas.engine.activities import Activities
from sagas.engine.endings import Endings
from sagas.records.records import Records
from tests.unit.participants import Services, records, services

__all__ = ["records", "services"]  # fixtures

STEPS = {name: placed.step for name, placed in TRIP.placed.items()}

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
        STEPS[step].read(Answer(value={"status": "fine"}))


def test_what_an_answer_lacks_is_named(services: Services, records: Records) -> None:
    async def fine(*_: object) -> Answer:
        return Answer(value={"status": "fine"})

    services.invoke = fine  # type: ignore[method-assign, assignment]
    made = Activities(TRIP, services, records, Endings()).by_name()  # type: ignore[arg-type]
    call = Calls(calls=[Call(step="hold flight", id="t1:flight")])

    async def hold() -> Outcomes:
        return await made["hold"](Mock(), call)

    [came] = asyncio.run(hold()).outcomes
    assert came.failure is not None
    assert came.failure.detail == (
        "flight-service answered PUT reservations/t1:flight without what hold flight needs: "
        "id: Field required"
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_refusal_is_passed_on(step: str) -> None:
    refused = Answer(refusal=Refused(reason="no", detail="No."))
    assert STEPS[step].read(refused) == refused


def test_of_several_offers_the_cheapest_is_taken() -> None:
    def offer(name: str, amount: int) -> dict[str, Any]:
        return {"offerId": name, "price": {"amount": amount, "currency": "USD"}}

    found = Answer(value={"offers": [offer("b", 2), offer("a", 1), offer("c", 3)]})
    assert STEPS["search flight"].read(found).value == {"offers": [offer("a", 1)]}


def test_no_offer_is_a_refusal() -> None:
    refusal = STEPS["search hotel"].read(Answer(value={"offers": []})).refusal
    assert refusal is not None
    assert refusal.reason == "sold_out"


def test_every_step_and_undo_has_a_request_and_an_activity_of_its_row() -> None:
    rows = {step.name: row for row, steps in TRIP.rows.items() for step in steps}
    undos = {s.undo.name: f"undo {rows[s.name]}" for s in STEPS.values() if s.undo}
    assert {name: placed.activity for name, placed in TRIP.placed.items()} == rows | undos
    assert all(step.verb and step.path("t1:x") and step.service for step in STEPS.values())
