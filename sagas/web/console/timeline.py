"""A case's entries as a picture: a lane for each step, its tries as bars on one axis of time."""

from dataclasses import dataclass
from datetime import datetime

from sagas.core.progress import Entry
from sagas.records.record import Record

WIDTH = 1000
_NARROWEST = 6.0


@dataclass(frozen=True)
class Bar:
    """One try: where it lies on an axis of 1000, and how it went."""

    x: float
    width: float
    kind: str
    title: str


@dataclass(frozen=True)
class Lane:
    """One step or compensation."""

    step: str
    resource: str
    kind: str
    result: str
    took: str
    tries: int
    why: str
    bars: list[Bar]


def lanes(record: Record, now: datetime) -> list[Lane]:
    """Return a lane for each entry, in the order in which they began."""
    entries = record.progress.entries
    if not entries:
        return []
    begin = min(entry.started_at for entry in entries)
    end = max(entry.ended_at or now for entry in entries)
    scale = WIDTH / max((end - begin).total_seconds(), 0.001)
    return [_lane(entry, begin, scale, now) for entry in entries]


def took(seconds: float) -> str:
    """Return a duration as people say it."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _lane(entry: Entry, begin: datetime, scale: float, now: datetime) -> Lane:
    ended = entry.ended_at or now

    def bar(start: datetime, end: datetime, kind: str, title: str) -> Bar:
        x = (start - begin).total_seconds() * scale
        width = max((end - start).total_seconds() * scale, _NARROWEST)
        return Bar(round(min(x, WIDTH - width), 1), round(width, 1), kind, title[:200])

    bars = [
        bar(f.started_at, f.ended_at, "fault", f"try {f.number}: {f.detail}") for f in entry.faults
    ]
    if entry.result != "failed":
        kind = "undo" if entry.compensation and entry.result == "done" else entry.result
        bars.append(bar(entry.tried_at, ended, kind, entry.result))
    return Lane(
        step=entry.step,
        resource=entry.resource,
        kind="undo" if entry.compensation else "step",
        result=entry.result,
        took=took((ended - entry.started_at).total_seconds()),
        tries=entry.tries,
        why=entry.detail or (entry.faults[-1].detail if entry.faults else ""),
        bars=bars,
    )
