"""The report: the tables with what is needed to read them, and where they are kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import noise, table
from bench.cpu import ENGINE_OF_OURS
from bench.engines import Engine
from bench.site import PROJECT
from bench.table import Result

PAGE = PROJECT / "docs" / "performance.md"


def render(
    results: Sequence[Result],
    engines: Sequence[Engine],
    seed: int,
    idle: Mapping[str, float],
    where: str,
    absent: Sequence[str],
) -> str:
    """Return the whole report in Markdown."""
    titles = {engine.name: engine.title for engine in engines}
    rounds = len({result.round for result in results})
    durability = "\n".join(f"- {engine.title}: {engine.durability}" for engine in engines)
    return "\n\n".join(
        [
            where,
            *(f"**Not measured**: {why}" for why in absent),
            f"Medians over {_times(rounds)}, turns in each in the order of `--seed {seed}`. "
            "CPU and memory: the engine and the four services with their sidecars.",
            table.figures(results, titles),
            noise.line(results, titles) + ".",
            "This system's figures divided by those of the others, round by round (trips/s: more "
            "is better; all else: less is better):",
            table.comparison(results, titles),
            "CPU, ms a trip:",
            table.by_process(results, titles),
            "Resident memory at the end of a run, MB (what processes share counts for each):",
            table.memory_by_process(results, titles),
            f"{noise.MEANS} Here the two shares are those of the noisiest round:",
            noise.tabled(results, titles),
            "What each does before it says that a step is done:",
            durability,
            _idle(idle),
        ]
    )


def write(text: str, section: str, page: Path = PAGE) -> None:
    """Put a report between the two marks of its section in a page."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, has_begin, rest = page.read_text().partition(begin)
    _, has_end, after = rest.partition(end)
    if not has_begin or not has_end:
        raise ValueError(f"{page} has no {begin} and {end}.")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def _times(rounds: int) -> str:
    return "one round" if rounds == 1 else f"{rounds} rounds"


def _idle(idle: Mapping[str, float]) -> str:
    """Say what this system's engine takes while a peer is measured; it stays up."""
    engine = sum(idle.get(role, 0.0) for role in ENGINE_OF_OURS)
    each = ", ".join(f"{role} {idle[role]:.1f}" for role in ENGINE_OF_OURS if role in idle)
    return (
        f"This system's engine stays up while a peer is measured. Idle, it takes {engine:.1f} % of "
        f"a core ({each})."
    )
