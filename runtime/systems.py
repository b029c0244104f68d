"""The systems of the project: trips at the top, every other one in ``systems/<name>/``.

The folder of a system holds its dapr.yaml, its components/, its sample.json, and what it leaves
when it runs: data/ and .dapr/.
"""

from dataclasses import dataclass
from pathlib import Path

from runtime.errors import SetupError

TRIPS = "trips"


@dataclass(frozen=True)
class Known:
    """A system: its name, its folder, and a file with the body of a request that works."""

    name: str
    folder: Path
    sample: Path

    @property
    def template(self) -> Path:
        return self.folder / "dapr.yaml"

    @property
    def showing(self) -> Path:
        """A file with what is said to the sample, and shown of it; it may be missing."""
        return self.folder / "showing.json"

    @property
    def own_showing(self) -> str:
        """The module that shows more of what the sample came to; empty without one. It is given the
        URLs of the orchestrator and of its sidecar, and the id of the case."""
        is_there = (self.folder / "showing.py").is_file() and self.name != TRIPS
        return f"systems.{self.name}.showing" if is_there else ""


def find(project: Path, name: str = TRIPS) -> Known:
    """Return the system of this name. Raises SetupError when there is none."""
    for known in every(project):
        if known.name == name:
            return known
    names = ", ".join(known.name for known in every(project))
    raise SetupError(f"There is no system {name}; there are {names}.")


def every(project: Path) -> list[Known]:
    """Return all systems, trips first."""
    folders = sorted(path.parent for path in (project / "systems").glob("*/dapr.yaml"))
    trips = Known(TRIPS, project, project / "orchestrator" / "sample.json")
    return [trips, *(Known(path.name, path, path / "sample.json") for path in folders)]
