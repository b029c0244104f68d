"""What the next release of the orchestrator could be: its saga extends the holds of every trip."""

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from orchestrator.app import CONSOLE
from orchestrator.request import TripRequest
from orchestrator.trip import TRIP, book, charge, extend_flight, extend_hotel
from sagas import Durable, Saga, Step, create_orchestrator


class _Extending(Saga):
    """Runs a step more before the charge."""

    def run(self, step: Step[Any]) -> Generator[Any, Any, Any]:
        if step.name == charge.name:
            until = f"{self.now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
            flight, hotel = extend_flight.given(until=until), extend_hotel.given(until=until)
            yield from self.together(flight, hotel)
        return (yield from super().run(step))


def book_and_extend(saga: Saga, trip: TripRequest) -> Durable[None]:
    """Book as ever, but with a step more between the hold and the charge."""
    saga.__class__ = _Extending
    yield from book(saga, trip)


app = create_orchestrator(replace(TRIP, workflows=[book, book_and_extend]), CONSOLE)
