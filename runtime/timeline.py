"""A case, such as a trip, as a timeline on the terminal."""

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runtime.sample import Case

_MARKS = {"done": ("✔", "green"), "refused": ("✘", "red"), "failed": ("✘", "red")}


def show(case: Case, console: Console) -> None:
    """Print a case: what was booked if it is a trip, then step by step."""
    status = case.content["status"]
    colour = {case.kind.done: "green", "running": "yellow"}.get(status, "red")
    noun = case.kind.noun.capitalize()
    console.print(f"\n{noun} [bold]{case.id}[/]  [{colour} bold]{status}[/]")
    lines = _booked(case.content) if case.kind.noun == "trip" else []
    for line in [*lines, *_halted(case.content)]:
        console.print(f"  {line}", highlight=False)
    console.print(_table(case.content))


def _booked(trip: dict[str, Any]) -> list[str]:
    lines = []
    flight, hotel = trip.get("flight", {}), trip.get("hotel", {})
    if detail := flight.get("flight"):
        lines.append(
            f"Flight {detail['number']} {detail['from']} → {detail['to']}, "
            f"{_local(detail['departure'])}   {_money(flight['price'])}   {flight['status']}"
        )
    if stay := hotel.get("stay"):
        lines.append(
            f"{stay['name']}, {stay['checkIn']} to {stay['checkOut']}   "
            f"{_money(hotel['price'])}   {hotel['status']}"
        )
    if charge := trip.get("charge"):
        lines.append(f"Total {_money(charge['amount'])}   {charge['status']}")
    return lines


def _halted(case: dict[str, Any]) -> list[str]:
    halt = case.get("halt")
    return [f"Stopped at {halt['step']}: {halt['detail']} ({halt['reason']})"] if halt else []


def _table(case: dict[str, Any]) -> Table:
    start = _time(case["createdAt"])
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("", "step", "resource"):
        table.add_column(title)
    for title in ("at ms", "took ms"):
        table.add_column(title, justify="right")
    for entry in case.get("steps", []) + case.get("compensations", []):
        mark, colour = _MARKS.get(entry["result"], ("…", "yellow"))
        begun = _time(entry["startedAt"])
        ended = _time(entry["endedAt"]) if "endedAt" in entry else begun
        table.add_row(
            Text(mark, style=colour),
            entry["step"],
            entry.get("resource", ""),
            f"{(begun - start).total_seconds() * 1000:.0f}",
            f"{(ended - begun).total_seconds() * 1000:.0f}",
        )
    return table


def _money(value: dict[str, Any]) -> str:
    return f"{value['amount'] / 100:,.2f} {value['currency']}"


def _local(timestamp: str) -> str:
    return _time(timestamp).strftime("%d %b %Y %H:%M")


def _time(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp)
