"""What the command line makes of answers, and how it shows them."""

import io
from typing import Any

import httpx
import pytest
import typer
from rich.console import Console

from tripcli import client
from tripcli.client import trip_of


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of 80 columns, and what is written on it."""
    written = io.StringIO()
    monkeypatch.setattr(client, "console", Console(file=written, width=80, highlight=False))
    return written


@pytest.mark.parametrize(("status", "code"), [(400, 2), (404, 2), (409, 2), (429, 3), (503, 3)])
def test_what_may_pass_is_told_from_what_is_wrong(status: int, code: int) -> None:
    with pytest.raises(typer.Exit) as ended:
        trip_of(httpx.Response(status, json={"title": "No", "detail": "because"}))
    assert ended.value.exit_code == code


def test_ids_are_shown_in_full_on_a_narrow_terminal(narrow: io.StringIO) -> None:
    trip = {
        "status": "confirmed",
        "customerId": "customer-123",
        "createdAt": "2024-12-01T00:00:00Z",
    }
    ids = ["t" * 64, "short"]
    client.show_list([trip | {"tripId": trip_id} for trip_id in ids])
    assert all(trip_id in narrow.getvalue().split() for trip_id in ids)


def test_what_happened_is_told_in_order(narrow: io.StringIO) -> None:
    def line(step: str, second: int) -> dict[str, Any]:
        at = f"2024-12-01T00:00:0{second}.000Z"
        return {"step": step, "result": "done", "attempts": 1, "startedAt": at}

    flight, hotel = {"from": "SFO", "to": "JFK"}, {"city": "New York"}
    trip = {
        "tripId": "t1",
        "status": "cancelled",
        "request": {"flight": flight, "hotel": hotel},
        "steps": [line("charge", 1), line("send cancellation", 4)],
        "compensations": [line("refund", 3), line("cancel flight", 2)],
    }
    client.show(trip, as_json=False)
    told = [said.split()[0] for said in narrow.getvalue().splitlines()[1:] if said.strip()]
    assert told == ["charge", "cancel", "refund", "send"]
