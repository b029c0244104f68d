"""A disk small enough to be filled: a tmpfs that one store lives on, where mounting is allowed."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MEGABYTES = 48
_BLOCK = b"\0" * 65536


@dataclass(frozen=True)
class SmallDisk:
    """Where it is mounted."""

    path: Path

    @contextmanager
    def full(self) -> Iterator[None]:
        """Fill what is free of the disk, for as long as the block lasts."""
        ballast = self.path / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(_BLOCK)
                except OSError:
                    yield
        finally:
            ballast.unlink(missing_ok=True)


def mount(path: Path) -> SmallDisk | None:
    """Mount the disk, or return None where that is not allowed."""
    path.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={_MEGABYTES}m", "tmpfs", str(path)]
    try:
        done = subprocess.run(["mount", *options], capture_output=True, check=False)
    except OSError:
        return None
    return SmallDisk(path) if done.returncode == 0 else None


def unmount(path: Path) -> None:
    """Unmount the disk, if it is one."""
    while path.is_mount():
        subprocess.run(["umount", "--lazy", str(path)], check=True)
