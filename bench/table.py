"""What was measured, as tables: medians over the rounds, and ratios of this system to its peers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from statistics import median
from textwrap import shorten

from bench.cpu import ENGINE_OF_OURS, LOAD_CLIENT, counted
from bench.watch import Noise

OURS = "this"
_MB = 1_000_000
_CELL_LETTERS = 60
_PLAIN = str.maketrans("|`", "/'")
_ROLES = (
    *ENGINE_OF_OURS,
    "peer's app",
    "bare sidecar",
    "restate-server",
    "temporal-server",
    "services",
    "services' sidecars",
    "dapr CLI",
    LOAD_CLIENT,
)


@dataclass(frozen=True)
class Result:
    """One run. Latencies in ms; CPU in ms a trip and memory in bytes, by role.

    ``idle`` are the roles that this engine does without, ``noise`` what others had of the machine.
    """

    engine: str
    round: int
    concurrency: int
    trips: int
    p50: float
    p95: float
    p99: float
    per_second: float
    cpu_ms: Mapping[str, float]
    memory: Mapping[str, float]
    idle: tuple[str, ...] = ()
    noise: Noise = field(default_factory=Noise)

    @property
    def cpu_total(self) -> float:
        return counted(self.cpu_ms, self.idle)

    @property
    def memory_total(self) -> float:
        return counted(self.memory, self.idle) if self.memory else nan

    def __str__(self) -> str:
        return (
            f"{self.engine:8} at {self.concurrency:3}  {self.trips:5} trips  "
            f"{self.per_second:6.1f}/s  p50 {self.p50:6.0f} ms  p95 {self.p95:6.0f} ms  "
            f"CPU {self.cpu_total:5.1f} ms/trip"
        )


@dataclass(frozen=True)
class Failure:
    """One run that came to nothing."""

    engine: str
    round: int
    concurrency: int
    why: str

    @property
    def cell(self) -> str:
        """Return what a table says of it."""
        plain = self.why.translate(_PLAIN)
        return f"failed: {shorten(plain, _CELL_LETTERS, placeholder=' …')}"

    def __str__(self) -> str:
        return f"{self.engine:8} at {self.concurrency:3}  failed: {self.why}"


Outcome = Result | Failure
Figure = Callable[[Result], float]
Titles = Mapping[str, str]


def per_second(result: Result) -> float:
    return result.per_second


def cpu_total(result: Result) -> float:
    return result.cpu_total


_FIGURES: tuple[tuple[str, Figure, str], ...] = (
    ("p50 ms", lambda r: r.p50, ".0f"),
    ("p95 ms", lambda r: r.p95, ".0f"),
    ("p99 ms", lambda r: r.p99, ".0f"),
    ("trips/s", per_second, ".1f"),
    ("CPU ms/trip", cpu_total, ".1f"),
    ("memory MB", lambda r: r.memory_total / _MB, ".0f"),
)


def medians(results: Iterable[Result], figure: Figure) -> float:
    """Return the median of a figure over the rounds."""
    return median(map(figure, results))


def ratios(ours: Iterable[Result], peer: Iterable[Result], figure: Figure) -> float:
    """Return the median over the rounds of our figure divided by the peer's of the same round."""
    theirs = {result.round: figure(result) for result in peer}
    return median(figure(r) / theirs[r.round] for r in ours if r.round in theirs)


def whole(outcomes: Sequence[Outcome]) -> list[Result]:
    """Return the runs of those engines and concurrencies that failed in no round."""
    failed = {(o.concurrency, o.engine) for o in outcomes if isinstance(o, Failure)}
    results = (o for o in outcomes if isinstance(o, Result))
    return [r for r in results if (r.concurrency, r.engine) not in failed]


def figures(outcomes: Sequence[Outcome], titles: Titles) -> str:
    """Return the main table: an engine a row, for each concurrency. What failed in one round says
    so instead of figures."""
    failed = {(o.concurrency, o.engine): o.cell for o in outcomes if isinstance(o, Failure)}
    runs = {
        (concurrency, engine): of for concurrency, engine, of in groups(whole(outcomes), titles)
    }
    rows = []
    for concurrency, engine in _sorted(failed.keys() | runs.keys(), titles):
        of = runs.get((concurrency, engine), [])
        values = [cell(medians(of, figure), spec) for _, figure, spec in _FIGURES if of]
        said = values or [failed[concurrency, engine], *[""] * (len(_FIGURES) - 1)]
        rows.append([str(concurrency), titles[engine], *said])
    return markdown(["at once", "engine", *(name for name, _, _ in _FIGURES)], rows)


def comparison(results: Sequence[Result], titles: Titles) -> str:
    """Return the table of this system's figures divided by those of each peer."""
    runs = {(concurrency, engine): of for concurrency, engine, of in groups(results, titles)}
    rows = []
    for (concurrency, engine), of in runs.items():
        ours = runs.get((concurrency, OURS))
        if ours and engine != OURS:
            values = [cell(ratios(ours, of, figure), ".2f") for _, figure, _ in _FIGURES]
            rows.append([str(concurrency), titles[engine], *values])
    return markdown(["at once", "÷ engine", *(name for name, _, _ in _FIGURES)], rows)


def by_process(results: Sequence[Result], titles: Titles) -> str:
    """Return the table of CPU time a trip, a process a column."""
    rows = [
        ([str(concurrency), titles[engine]], _roles(of, lambda r: r.cpu_ms, 1, ".1f"))
        for concurrency, engine, of in groups(results, titles)
    ]
    return _by_role(["at once", "engine"], rows)


def memory_by_process(results: Sequence[Result], titles: Titles) -> str:
    """Return the table of memory at the end of the runs at the highest concurrency."""
    highest = max((r.concurrency for r in results), default=0)
    last = [r for r in results if r.concurrency == highest]
    rows = [
        ([titles[engine]], _roles(of, lambda r: r.memory, _MB, ".0f"))
        for _, engine, of in groups(last, titles)
    ]
    return _by_role(["engine"], rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, its columns aligned so that it reads as plain text too."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [" | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    first = " | ".join(c.ljust(w) for c, w in zip(head, widths, strict=True))
    rule = " | ".join("-" * w for w in widths)
    return "\n".join(f"| {line} |" for line in (first, rule, *lines))


def groups(results: Sequence[Result], titles: Titles) -> list[tuple[int, str, list[Result]]]:
    """Return the runs of each engine at each concurrency, engines in the order of their titles."""
    ordered = _sorted({(r.concurrency, r.engine) for r in results}, titles)
    return [(c, e, [r for r in results if (r.concurrency, r.engine) == (c, e)]) for c, e in ordered]


def _sorted(keys: Iterable[tuple[int, str]], titles: Titles) -> list[tuple[int, str]]:
    """Return concurrencies with engines, those in the order of their titles."""
    places = {engine: place for place, engine in enumerate(titles)}
    return sorted(keys, key=lambda key: (key[0], places[key[1]]))


def cell(value: float, spec: str) -> str:
    """Return a figure as text; one that means nothing is left out."""
    return "" if isnan(value) else format(value, spec)


def _by_role(head: Sequence[str], rows: Sequence[tuple[list[str], list[str]]]) -> str:
    """Return a table of the roles that anybody had, and of those who had any."""
    used = [nth for nth in range(len(_ROLES)) if any(cells[nth] for _, cells in rows)]
    full = [[*names, *(cells[nth] for nth in used)] for names, cells in rows if any(cells)]
    return markdown([*head, *(_ROLES[nth] for nth in used)], full)


def _roles(
    of: Sequence[Result], what: Callable[[Result], Mapping[str, float]], unit: float, spec: str
) -> list[str]:
    """Return one cell a role; that of what is idle stays empty."""
    cells = []
    for role in _ROLES:
        known = [what(r)[role] / unit for r in of if role in what(r) and role not in r.idle]
        cells.append(format(median(known), spec) if known else "")
    return cells
