"""Finding a usable Dapr on this machine, or building one.

Usable is a CLI of 1.16 or newer on the PATH with a runtime of 1.18 or newer where that CLI looks
for it, as `dapr init` or `dapr init --slim` leaves them. ``TRAVEL_DAPR=build`` passes over what is
there. Nothing of a Dapr that is found is changed.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.build import built

OLDEST_CLI = (1, 16)
OLDEST_RUNTIME = (1, 18)
CONTROL_PLANE = ("placement", "scheduler")
_BUILT = "built from its Go modules"

Version = tuple[int, int]


@dataclass(frozen=True)
class Dapr:
    """A Dapr to run with. ``home`` is for DAPR_RUNTIME_PATH: it has the programs in .dapr/bin."""

    cli: Path
    home: Path
    origin: str

    @property
    def is_built(self) -> bool:
        """Whether its sidecar is ours, of `runtime/sidecar`, and not one that was found."""
        return self.origin == _BUILT

    def program(self, name: str) -> Path:
        return self.home / ".dapr" / "bin" / name

    def has(self, *programs: str) -> bool:
        return all(self.program(name).is_file() for name in programs)


def find_or_build(needed: Sequence[str] = CONTROL_PLANE) -> Dapr:
    """Return a usable Dapr with the programs ``needed`` of its control plane.

    Raises SetupError when there is none and none can be built.
    """
    found = None if os.environ.get("TRAVEL_DAPR") == "build" else _installed()
    if found and found.has(*needed):
        return found
    home = built()
    return Dapr(home / ".dapr" / "bin" / "dapr", home, _BUILT)


def parse_version(text: str) -> Version | None:
    """Return major and minor of the first version in ``text``, or None."""
    match = re.search(r"(\d+)\.(\d+)\.\d+", text)
    return (int(match[1]), int(match[2])) if match else None


def _installed() -> Dapr | None:
    cli = shutil.which("dapr")
    home = Path(os.environ.get("DAPR_RUNTIME_PATH") or Path.home())
    daprd = home / ".dapr" / "bin" / "daprd"
    if cli is None or not daprd.is_file():
        return None
    cli_version, runtime_version = _version_of(Path(cli), "CLI version"), _version_of(daprd)
    if cli_version is None or runtime_version is None:
        return None
    if cli_version < OLDEST_CLI or runtime_version < OLDEST_RUNTIME:
        print(
            f"The Dapr found (CLI {_text(cli_version)}, runtime {_text(runtime_version)}) is older "
            f"than {_text(OLDEST_CLI)} and {_text(OLDEST_RUNTIME)}; it is left as it is, not used."
        )
        return None
    return Dapr(Path(cli), home, "found on this machine")


def _version_of(program: Path, label: str = "") -> Version | None:
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(answer.stdout.partition(label)[2] if label else answer.stdout)


def _text(version: Version) -> str:
    return ".".join(map(str, version))
