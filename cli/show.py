"""What is printed of cases, events and kinds."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.models import Case, Event, Kind, Line, Wait
from cli.says import usage

_COLOURS = {"rejected": "red", "failed": "red", "needs_attention": "yellow"}
_UNITS_OF_MONEY = 100

console = Console(highlight=False)


def money(value: Any) -> str:
    """Return an amount in minor units of a currency with cents, ``1,019.00 USD``; of anything else
    nothing."""
    match value:
        case {"amount": int(amount), "currency": str(currency)}:
            return f"{amount / _UNITS_OF_MONEY:,.2f} {currency}"
    return ""


def in_short(value: Any) -> str:
    """Return a value on a line: of an object its status and its money; of a list nothing."""
    match value:
        case bool():
            return "yes" if value else "no"
        case str() | int() | float():
            return str(value)
        case {"amount": _, "currency": _}:
            return money(value)
        case dict():
            status = value.get("status")
            told = [status if isinstance(status, str) else "", *map(money, value.values())]
            return ", ".join(filter(None, told))
    return ""


def headline(case: Case) -> str:
    """Return what is told beside id and status: the step that a case is at."""
    return case.progress.step or ""


def facts(case: Case) -> Iterator[str]:
    """Return a line for each thing that a case of any kind tells in short."""
    yield f"{_owner(case.kind)}: {case.owner}"
    yield f"created: {case.progress.created_at}"
    for name, value in _of_this_kind(case).items():
        if said := in_short(value):
            yield f"{_spaced(name)}: {said}"
    yield from (_waited(wait) for wait in _waits(case) if not wait.over)


@dataclass(frozen=True)
class Showing:
    """How cases are shown: what stands beside an id, the lines below it, the columns that a list
    always has, and the head of the column that says when a case was accepted."""

    headline: Callable[[Case], str] = headline
    facts: Callable[[Case], Iterable[str]] = facts
    columns: Sequence[str] = ()
    created: str = "created"


def show(case: Case, as_json: bool, showing: Showing) -> None:
    """Print a case: what it is, why it stands where it does, and what happened, in order."""
    if as_json:
        print_json(case.body)
        return
    progress = case.progress
    first = Text.assemble((case.id, "bold"), "  ", _status(case), "  ", showing.headline(case))
    console.print(first)
    for fact in showing.facts(case):
        console.print(f"  {fact}", markup=False)
    if why := progress.halt:
        console.print(f"  {why.step}: {why.reason}: {why.detail}", markup=False)
    for blocked in progress.attention.blocked if progress.attention else []:
        console.print(f"  blocked: {blocked.step}: {blocked.detail}", markup=False)
    console.print(_told([*progress.steps, *progress.compensations]))


def show_list(kind: Kind, cases: list[Case], showing: Showing) -> None:
    """Print a list of cases; ids in full, however narrow the terminal is, for they are copied."""
    named = {name: None for case in cases for name, value in case.more.items() if in_short(value)}
    extras = list(dict.fromkeys([*showing.columns, *named]))
    table = Table(box=None)
    longest = max((len(case.id) for case in cases), default=0)
    table.add_column(kind.noun, no_wrap=True, min_width=longest)
    for head in ("status", "step", *map(_spaced, extras), _owner(kind), showing.created):
        table.add_column(head)
    for case in cases:
        progress = case.progress
        blocked = progress.attention.blocked if progress.attention else []
        at = ", ".join(each.step for each in blocked) or progress.step
        why = at or (progress.halt.reason if progress.halt else "")
        told = [why, *(in_short(case.more.get(name)) for name in extras), case.owner]
        table.add_row(case.id, _status(case), *map(Text, told), progress.created_at)
    console.print(table, width=max(console.width, longest + 2), crop=False)


def show_event(body: dict[str, Any], as_json: bool) -> None:
    """Print one line of the audit trail."""
    if as_json:
        print(json.dumps(body), flush=True)
        return
    event = Event.model_validate(body)
    words = [event.at[11:23], event.event.replace("_", " "), event.step, event.reason, event.detail]
    words += [f"by {event.by}"] if event.by else []
    console.print("  ".join(filter(None, words)), markup=False)


def show_kind(kind: Kind) -> None:
    """Print what there is to know of a kind, in short."""
    table = Table(box=None, show_header=False, padding=(0, 1))
    fields = kind.request.get("properties", {})
    told = [
        ("kind", [kind.noun]),
        ("done", [kind.done]),
        ("statuses", kind.statuses),
        ("owner", [kind.owner]),
        ("steps", kind.steps),
        ("request", _asked(fields, kind.request.get("required", []))),
    ]
    for name, words in told:
        table.add_row(name, Text(", ".join(words)))
    for signal in kind.signals:
        table.add_row("signal", Text(f"{usage(signal)}  (a {signal.by} says it)"))
    console.print(table)
    if kind.example:
        console.print(" example")
        print_json(kind.example)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def _asked(fields: Iterable[str], required: Sequence[str]) -> list[str]:
    return [name if name in required else f"[{name}]" for name in fields]


def _told(lines: list[Line]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1))
    for line in sorted(lines, key=lambda line: line.started_at):
        tries = f"{line.attempts} tries" if line.attempts > 1 else ""
        result = Text(line.result, _COLOURS.get(line.result, ""))
        table.add_row("", Text(line.step), result, tries)
    return table


def _status(case: Case) -> Text:
    status = case.progress.status
    return Text(status, "green" if status == case.kind.done else _COLOURS.get(status, ""))


def _owner(kind: Kind) -> str:
    return _spaced(kind.owner.removesuffix("Id"))


def _spaced(name: str) -> str:
    """Return a field's name in words: ``customer email``."""
    return re.sub(r"[A-Z]", lambda letter: f" {letter[0].lower()}", name)


def _of_this_kind(case: Case) -> dict[str, Any]:
    """Return what only this kind tells; results of steps stand beside the rest."""
    results = case.more.get("results")
    if not isinstance(results, dict):
        return case.more
    return {name: value for name, value in case.more.items() if name != "results"} | results


def _waits(case: Case) -> list[Wait]:
    """Return the waits that a case tells of; a kind may tell of something else by that name."""
    try:
        return [Wait.model_validate(wait) for wait in case.more.get("waits", [])]
    except (ValidationError, TypeError):
        return []


def _waited(wait: Wait) -> str:
    which = f" --attempt {wait.attempt}" if wait.attempt else ""
    return f"waits for: {wait.signal}{which}, until {wait.until}"
