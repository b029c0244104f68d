"""What is the same trip: booked again with the same id, also after another release was started."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.request import TripRequest
from orchestrator.trip import TRIP
from sagas.core.kind import Kind
from sagas.engine.admission import Admission
from sagas.engine.cases import Cases, OtherRequest
from sagas.engine.endings import Endings
from sagas.records.record import Record
from sagas.records.records import Records
from tests.support.memory import MemoryStore
from tests.unit.test_trip_request import VALID, with_change


class Starting:
    """An engine that starts trips."""

    async def start(self, _: Record) -> None:
        pass


def booked(sidecar: MemoryStore, request: dict[str, Any], kind: Kind[Any] = TRIP) -> Record:
    records = Records(sidecar, kind)  # type: ignore[arg-type]
    cases = Cases(kind, records, Starting(), Endings(), Admission(9, 1))  # type: ignore[arg-type]
    return asyncio.run(cases.begin("t1", kind.request.model_validate(request)))


@pytest.mark.parametrize("digest", [None, "made in the way of another release"])
def test_booked_again_it_is_the_same_trip_and_with_another_request_refused(
    digest: str | None,
) -> None:
    sidecar = MemoryStore()
    first = booked(sidecar, VALID)
    if digest:
        sidecar.values["case:t1"]["digest"] = digest
    again = booked(sidecar, VALID | {"paymentMethod": "pm_card_visa"})
    assert again.created_at == first.created_at
    with pytest.raises(OtherRequest):
        booked(sidecar, with_change("flight.passengers", 3))


class NotedRequest(TripRequest):
    """A request that has to say whether there is a note."""

    note: str | None


def test_what_was_said_to_be_nothing_is_on_record_as_that() -> None:
    sidecar, noted = MemoryStore(), replace(TRIP, request=NotedRequest)
    first = booked(sidecar, VALID | {"note": None}, noted)
    sidecar.values["case:t1"]["digest"] = "made in the way of another release"
    assert booked(sidecar, VALID | {"note": None}, noted).created_at == first.created_at
    with pytest.raises(OtherRequest):
        booked(sidecar, VALID | {"note": "x"}, noted)
