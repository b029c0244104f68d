"""Other states of this system that are measured beside it: another commit, other stores, secure.

Each is a whole system on free ports. It stays up while others are measured, and then idles.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.engines import THIS, Engine
from bench.place import Place
from bench.site import HOME, PROJECT, TOOLS, Site
from runtime import template
from runtime.errors import SetupError
from runtime.template import Changes

# Runs in the other commit, on what its bench has had since there was one.
_OPEN = """
import json, sys
from bench.site import HOME, ORCHESTRATOR, Site
site = Site()
try:
    site.open()
    here = {"home": str(HOME), "orchestrator": site.system.app_url(ORCHESTRATOR)}
    print(json.dumps(here | {"services": site.services()}), flush=True)
    sys.stdin.read()
finally:
    site.close()
"""
_CLOSE_SECONDS = 60.0


@dataclass
class Commit:
    """This system as it was at another commit, with the packages that are installed now."""

    name: str
    _running: subprocess.Popen[str] | None = field(default=None, init=False)

    def open(self) -> Place:
        """Start it; return where it is. Raises SetupError."""
        folder = self._checked_out()
        self._running = subprocess.Popen(
            [sys.executable, "-c", _OPEN],
            cwd=folder,
            env={**os.environ, **template.imports(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._running.stdout is not None
        said = self._running.stdout.readline()
        if not said:
            raise SetupError(f"This system at {self.name} did not start; see above.")
        here: dict[str, Any] = json.loads(said)
        return Place(Path(here["home"]), here["orchestrator"], here["services"])

    def close(self) -> None:
        """Stop it."""
        if self._running:
            self._running.communicate(timeout=_CLOSE_SECONDS)

    def _checked_out(self) -> Path:
        """Return a folder with the files of the commit."""
        asked = ["git", "-C", str(PROJECT), "rev-parse", "--short=12", f"{self.name}^{{commit}}"]
        found = subprocess.run(asked, capture_output=True, text=True, check=False)
        if found.returncode:
            raise SetupError(f"There is no commit {self.name}: {found.stderr.strip()}")
        folder = TOOLS / f"at-{found.stdout.strip()}"
        if not folder.is_dir():
            part = folder.with_suffix(".part")
            part.mkdir(parents=True, exist_ok=True)
            archive = ["git", "-C", str(PROJECT), "archive", found.stdout.strip()]
            files = subprocess.run(archive, capture_output=True, check=True).stdout
            subprocess.run(["tar", "-x", "-C", str(part)], input=files, check=True)
            part.rename(folder)
        return folder


class Variant:
    """This system as a variable of `make run` has it: ``SECURE=1``, or ``PROFILE=redis``."""

    def __init__(self, name: str, variable: str, changes: Changes) -> None:
        self.name = name
        self.variable = variable
        self._site = Site(HOME.with_name(f".bench-{name}-system"), changes)

    def open(self) -> Place:
        """Start it; return where it is. Raises SetupError."""
        self._site.open()
        return self._site.place

    def close(self) -> None:
        """Stop it."""
        self._site.close()


State = Commit | Variant


def secure() -> Variant:
    """Return this system with ``SECURE=1``."""
    return Variant("secure", "SECURE=1", Changes(secure=True))


def profile(name: str) -> Variant:
    """Return this system with the stores of a profile."""
    return Variant(name, f"PROFILE={name}", Changes(profile=name))


def engine(state: State, place: Place) -> Engine:
    """Return a state that runs at a place, as one of the engines."""
    title = f"this system, {state.variable if isinstance(state, Variant) else state.name}"
    url = f"{place.orchestrator}/trips/{{trip_id}}"
    return replace(THIS, name=state.name, title=title, url=lambda _: url, place=lambda _: place)
