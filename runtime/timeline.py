"""A trip as a timeline on the terminal."""

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_MARKS = {"done": ("✔", "green"), "refused": ("✘", "red"), "failed": ("✘", "red")}


def show(trip: dict[str, Any], console: Console) -> None:
    """Print a trip in the JSON of ``GET /trips/{tripId}``: what was booked, then step by step."""
    colour = "green" if trip["status"] == "confirmed" else "red"
    console.print(f"\nTrip [bold]{trip['tripId']}[/]  [{colour} bold]{trip['status']}[/]")
    for line in _booked(trip):
        console.print(f"  {line}", highlight=False)
    console.print(_table(trip))


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
    if halt := trip.get("halt"):
        lines.append(f"Stopped at {halt['step']}: {halt['detail']} ({halt['reason']})")
    return lines


def _table(trip: dict[str, Any]) -> Table:
    start = _time(trip["createdAt"])
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("", "step", "resource"):
        table.add_column(title)
    for title in ("at ms", "took ms"):
        table.add_column(title, justify="right")
    for entry in trip.get("steps", []) + trip.get("compensations", []):
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
