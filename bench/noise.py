"""How noisy a bench was: how far the rounds of one engine lie apart, and what others had of the
machine meanwhile."""

from collections.abc import Sequence
from math import nan
from statistics import mean, median

from bench.table import Figure, Result, Titles, cell, cpu_total, groups, markdown, per_second

MEANS = (
    "Spread: the largest of an engine's rounds at a concurrency divided by the smallest. Stolen: "
    "the share of the time of all cores that the host gave to others while trips were measured "
    "(`steal`). Foreign: the share that processes took which are none of the bench's (what all "
    "took, less what the bench's did)."
)
_SPREADS: tuple[tuple[str, Figure], ...] = (("CPU a trip", cpu_total), ("trips/s", per_second))


def line(results: Sequence[Result], titles: Titles) -> str:
    """Return the noise of a whole bench in one line."""
    if not results:
        return "noise: nothing was measured"
    spreads = [_apart(name, results, titles, figure) for name, figure in _SPREADS]
    stolen = _share([r.noise.stolen for r in results])
    foreign = _share([r.noise.foreign for r in results])
    apart = "; ".join(spreads) if _rounds(results) > 1 else "one round has no spread"
    return f"noise: {apart}; stolen {stolen}; foreign processes {foreign}"


def tabled(results: Sequence[Result], titles: Titles) -> str:
    """Return the noise of each engine at each concurrency; the shares are those of its noisiest
    round."""
    rows = []
    for concurrency, engine, of in groups(results, titles):
        spreads = [cell(spread(of, figure), ".2f") for _, figure in _SPREADS]
        most = (max(r.noise.stolen for r in of), max(r.noise.foreign for r in of))
        shares = [f"{100 * share:.1f}" for share in most]
        rows.append([str(concurrency), titles[engine], *spreads, *shares])
    names = [f"spread of {name}" for name, _ in _SPREADS]
    return markdown(["at once", "engine", *names, "stolen %", "foreign %"], rows)


def spread(of: Sequence[Result], figure: Figure) -> float:
    """Return the largest of the rounds divided by the smallest; of one round there is none."""
    values = [figure(result) for result in of]
    return max(values) / min(values) if len(values) > 1 else nan


def _apart(name: str, results: Sequence[Result], titles: Titles, figure: Figure) -> str:
    """Say how far the rounds of one engine at one concurrency lie apart."""
    spreads = [
        (spread(of, figure), f"{titles[engine]} at {concurrency}")
        for concurrency, engine, of in groups(results, titles)
    ]
    middle, (most, where) = median(value for value, _ in spreads), max(spreads)
    return f"spread of {name} {middle:.2f} (median), {most:.2f} at most ({where})"


def _share(shares: Sequence[float]) -> str:
    return f"{100 * mean(shares):.1f} % (at most {100 * max(shares):.1f} %)"


def _rounds(results: Sequence[Result]) -> int:
    return len({result.round for result in results})
