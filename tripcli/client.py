"""The orchestrator as the command line sees it, and what is printed of its answers."""

import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

OK, NOT_BOOKED, WRONG, UNREACHABLE, STILL_RUNNING = 0, 1, 2, 3, 4

_COLOURS = {"confirmed": "green", "rejected": "red", "failed": "red", "needs_attention": "yellow"}

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def url() -> str:
    return os.environ.get("TRIP_URL", "http://127.0.0.1:8080")


def ask(method: str, path: str, **more: Any) -> httpx.Response:
    """Send a request; exit with 3 when nobody answers."""
    try:
        return httpx.request(method, url() + path, timeout=60, **more)
    except httpx.HTTPError as fault:
        errors.print(f"Nobody answers at {url()}: {fault}. `make up` starts the system.")
        raise typer.Exit(UNREACHABLE) from fault


def trip_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the trip in an answer, booked or not; exit with 2 when the request was wrong,
    with 3 when it was not its turn."""
    body: dict[str, Any] = answer.json()
    trip = body.get("trip", body if "tripId" in body else None)
    if not isinstance(trip, dict):
        errors.print(f"{body.get('title')}: {body.get('detail')}")
        may_pass = answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error
        raise typer.Exit(UNREACHABLE if may_pass else WRONG)
    return trip


def events(trip_id: str) -> Iterator[dict[str, Any]]:
    """Return the audit trail of a trip as it happens, until its end."""
    try:
        with httpx.stream("GET", f"{url()}/trips/{trip_id}/events", timeout=None) as stream:
            if stream.is_error:
                stream.read()
                trip_of(stream)
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))
    except httpx.HTTPError as fault:
        errors.print(f"Nobody answers at {url()}: {fault}")
        raise typer.Exit(UNREACHABLE) from fault


def exit_code(trip: dict[str, Any]) -> int:
    """Return 0 for confirmed, 4 while it runs or needs attention, 1 for everything else."""
    status = trip["status"]
    if status == "confirmed":
        return OK
    return STILL_RUNNING if status in ("running", "needs_attention") else NOT_BOOKED


def show(trip: dict[str, Any], as_json: bool) -> None:
    """Print a trip."""
    if as_json:
        print_json(trip)
        return
    console.print(f"[bold]{trip['tripId']}[/]  {coloured(trip['status'])}  {_where(trip)}")
    if total := trip.get("total"):
        charge = trip.get("charge") or {}
        console.print(f"  {_money(total)}  {charge.get('status', 'not charged')}")
    if halt := trip.get("halt"):
        console.print(f"  {halt['step']}: {halt['reason']}: {halt['detail']}", markup=False)
    for blocked in (trip.get("attention") or {}).get("blocked", []):
        console.print(f"  blocked: {blocked['step']}: {blocked['detail']}", markup=False)
    table = Table(box=None, show_header=False, padding=(0, 1))
    told = sorted([*trip["steps"], *trip["compensations"]], key=lambda line: line["startedAt"])
    for entry in told:
        table.add_row("", entry["step"], coloured(entry["result"]), _tries(entry["attempts"]))
    console.print(table)


def show_list(trips: list[dict[str, Any]]) -> None:
    """Print a list of trips; ids in full, however narrow the terminal is, for they are copied."""
    table = Table(box=None)
    longest = max((len(trip["tripId"]) for trip in trips), default=0)
    table.add_column("trip", no_wrap=True, min_width=longest)
    for name in ("status", "step", "total", "customer", "booked"):
        table.add_column(name)
    for trip in trips:
        total = trip.get("total")
        table.add_row(
            trip["tripId"],
            coloured(trip["status"]),
            trip.get("step") or (trip.get("halt") or {}).get("reason", ""),
            _money(total) if total else "",
            escape(trip["customerId"]),
            trip["createdAt"],
        )
    console.print(table)


def show_event(event: dict[str, Any], as_json: bool) -> None:
    """Print one line of the audit trail."""
    if as_json:
        print(json.dumps(event), flush=True)
        return
    words = [event["at"][11:23], event["event"].replace("_", " "), event.get("step", "")]
    words += [event.get("reason", ""), event.get("detail", "")]
    console.print("  ".join(filter(None, words)), markup=False)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def coloured(status: str) -> str:
    colour = _COLOURS.get(status)
    return f"[{colour}]{status}[/]" if colour else status


def _where(trip: dict[str, Any]) -> str:
    flight, hotel = trip["request"]["flight"], trip["request"]["hotel"]
    return escape(f"{flight['from']} → {flight['to']}, {hotel['city']}")


def _tries(count: int) -> str:
    return f"{count} tries" if count > 1 else ""


def _money(value: dict[str, Any]) -> str:
    return f"{value['amount'] / 100:,.2f} {value['currency']}"
