"""Files that only their owner may read: keys, secrets, hashes."""

import os
import secrets
from pathlib import Path

from base.errors import ProjectError


class UnsafeFile(ProjectError):
    """A file that keeps secrets is missing, broken, or can be read by others."""


def require_private(path: Path, seen: os.stat_result) -> None:
    """Raise UnsafeFile if others than its owner may read a file."""
    if seen.st_mode & 0o077:
        raise UnsafeFile(f"Others can read {path}, which keeps secrets: chmod 600 {path}")


def write_private(path: Path, text: str) -> None:
    """Replace a file, or make it, whole or not at all; only its owner can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
