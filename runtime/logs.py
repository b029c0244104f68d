"""The logs that `dapr run` and we write, and what they say about a start that failed."""

from collections.abc import Iterator
from pathlib import Path

_DEADLY = (
    "level=fatal",
    "exited with error code",
    "Error validating run config",
    "Error starting Dapr and app",
    "Error getting apps from config file",
)
_LAST_LINES = 6


def folder(home: Path) -> Path:
    """Return where the logs of a system are."""
    return home / ".dapr" / "logs"


def newest(home: Path, app_id: str, kind: str, since: float) -> Path | None:
    """Return the ``app`` or ``daprd`` log of an app written since a time (Unix seconds)."""
    logs = [
        log
        for log in folder(home).glob(f"{app_id}_{kind}_*.log")
        if log.stat().st_mtime >= since - 1
    ]
    return max(logs, key=lambda log: log.stat().st_mtime, default=None)


def deadly(log: Path) -> str | None:
    """Return the line that says that a process ended in error, or None."""
    return next((line.strip() for line in _lines(log) if any(m in line for m in _DEADLY)), None)


def last_lines(log: Path) -> str:
    """Return the end of a log."""
    return "\n".join(list(_lines(log))[-_LAST_LINES:])


def _lines(log: Path) -> Iterator[str]:
    if log.is_file():
        yield from log.read_text(errors="replace").splitlines()
