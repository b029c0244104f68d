"""The report: the tables with what is needed to read them, and where they are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import limit, noise, table
from bench.cpu import ENGINE_OF_OURS
from bench.engines import Engine
from bench.site import PROJECT
from bench.table import OURS, Failure, Outcome

PAGE = PROJECT / "docs" / "performance.md"


@dataclass(frozen=True)
class Report:
    """What was found, what went wrong in it, and whether it may be kept."""

    text: str
    wrong: Sequence[str] = ()
    keep: bool = True


@dataclass(frozen=True)
class Measured:
    """All of a bench: what came of its runs, the engines that had turns and the seed of those, what
    this system takes when idle, the machine, and which engines could not be had."""

    outcomes: Sequence[Outcome]
    engines: Sequence[Engine]
    seed: int
    idle: Mapping[str, float]
    where: str
    absent: Sequence[str] = ()

    @property
    def titles(self) -> dict[str, str]:
        return {engine.name: engine.title for engine in self.engines}

    @property
    def noise(self) -> str:
        return noise.line(table.whole(self.outcomes), self.titles)

    @property
    def failures(self) -> list[Failure]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, Failure)]

    def wrong(self) -> list[str]:
        """Say what failed."""
        return [
            f"{self.titles[f.engine]} failed at {f.concurrency} in round {f.round + 1}: {f.why}"
            for f in self.failures
        ]


def of_bench(measured: Measured) -> Report:
    """Return the report in Markdown. It is not to be kept when this system itself failed: that is
    a fault of ours, while what a peer does wrong is a finding."""
    keep = all(failure.engine != OURS for failure in measured.failures)
    return Report(_text(measured), measured.wrong(), keep)


def _text(measured: Measured) -> str:
    outcomes, titles = measured.outcomes, measured.titles
    rounds, results = len({outcome.round for outcome in outcomes}), table.whole(outcomes)
    limits = limit.of(results)
    with_limit, named = [*results, *limits], titles | {limit.NAME: limit.TITLE}
    durability = "\n".join(f"- {e.title}: {e.durability}" for e in measured.engines)
    return "\n\n".join(
        [
            measured.where,
            *(f"**Not measured**: {why}" for why in measured.absent),
            *(f"**Failed**: {' '.join(why.split())}" for why in measured.wrong()),
            f"Medians over {_times(rounds)}, turns in each in the order of `--seed "
            f"{measured.seed}`. CPU and memory: the engine and the four services with their "
            "sidecars.",
            table.figures([*outcomes, *limits], named),
            f"{measured.noise}.",
            *([limit.MEANS] if limits else []),
            "This system's figures divided by those of the others, round by round (trips/s: more "
            "is better; all else: less is better):",
            table.comparison(with_limit, named),
            "CPU, ms a trip:",
            table.by_process(with_limit, named),
            "Resident memory at the end of a run, MB (what processes share counts for each):",
            table.memory_by_process(results, titles),
            f"{noise.MEANS} Here the two shares are those of the noisiest round:",
            noise.tabled(results, titles),
            "What each does before it says that a step is done:",
            durability,
            _idle(measured.idle),
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
