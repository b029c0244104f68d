"""The project with one more system, which is nowhere else; and Python run in it."""

import os
import subprocess
import sys
from pathlib import Path

from runtime import seed

PROJECT = Path(__file__).resolve().parents[2]


def project_with(folder: Path, name: str, noun: str = "") -> Path:
    """Make ``folder`` a project of links to this one, write the system into it, and return it."""
    for path in PROJECT.iterdir():
        if not path.name.startswith(".") and path.name != "systems":
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "systems").mkdir()
    (folder / "systems" / "__init__.py").touch()
    for system in PROJECT.glob("systems/*/dapr.yaml"):
        if system.parent.name != name:
            (folder / "systems" / system.parent.name).symlink_to(system.parent)
    seed.plant(folder, name, noun)
    return folder


def passes(project: Path, *command: str) -> None:
    """Run a module of Python's at the top of a project. Fails, with what it said, unless it ends
    well."""
    done = ran(project, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def ran(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python's at the top of a project, and return what it came to."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
