"""``make mutants``: which changes of the rules no quick test notices.

mutmut changes one spot after the other and runs the tests that reach it; where, is set in
pyproject.toml. A change that nothing notices is killed by a better test, or is in explained.toml
with the reason why no test can, or need, notice it. One that is not there fails this, and so does
one that is there and was noticed. ``ARGS="systems.bank*"`` tries a part.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

_PROJECT = Path(__file__).resolve().parents[2]
_EXPLAINED = Path(__file__).with_name("explained.toml")
_NOTICED = {"killed", "timeout", "caught by type check"}  # what hangs is noticed too
_NAME = re.compile(r"(?P<module>.+)\.x(_|ǁ(?P<owner>[^ǁ]+)ǁ)(?P<function>.+)__mutmut_\d+")


@dataclass(frozen=True, order=True)
class Mutant:
    """A change of one function: the lines that were there, and those in their place."""

    function: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.function}\n  - {self.was}\n  + {self.now}"


class Explanation(BaseModel):
    """Why changes of the same lines need not be noticed."""

    was: str
    now: list[str]
    why: str


def _mutmut(*words: str) -> str:
    command = [sys.executable, "-m", "mutmut", *words]
    return subprocess.run(
        command, cwd=_PROJECT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _unnoticed(parts: list[str]) -> Iterator[str]:
    """Yield mutmut's names of the mutants that no test noticed."""
    for line in _mutmut("results").splitlines():
        name, _, status = line.strip().partition(": ")
        if status not in _NOTICED and any(fnmatch(name, part) for part in parts or ["*"]):
            yield name


def read(name: str, diff: str) -> Mutant:
    """Return the mutant that mutmut calls by this name and shows by this diff."""
    found = _NAME.fullmatch(name)
    assert found, f"mutmut names its mutants otherwise than it did: {name}"
    path = (found["module"], found["owner"], found["function"])
    changed = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    was, now = (
        " ".join(line[1:].strip() for line in changed if line.startswith(sign)) for sign in "-+"
    )
    return Mutant(".".join(filter(None, path)), was, now)


def _explained() -> set[Mutant]:
    told = tomllib.loads(_EXPLAINED.read_text())
    by_function = TypeAdapter(dict[str, list[Explanation]]).validate_python(told)
    return {
        Mutant(function, explanation.was, now)
        for function, explanations in by_function.items()
        for explanation in explanations
        for now in explanation.now
    }


def _say(what: str, mutants: Iterable[Mutant]) -> bool:
    """Print the mutants under a heading; return whether there are any."""
    listed = sorted(mutants)
    if listed:
        print(f"\n{what}:", *listed, sep="\n")
    return bool(listed)


def main(parts: list[str]) -> int:
    """Try all mutants, or those whose names match ``parts``. Return the exit code."""
    shutil.rmtree(_PROJECT / "mutants", ignore_errors=True)  # what was tried with other tests
    subprocess.run([sys.executable, "-m", "mutmut", "run", *parts], cwd=_PROJECT, check=True)
    alive = {read(name, _mutmut("show", name)) for name in _unnoticed(parts)}
    explained = _explained()
    unknown = _say("No test notices, and nothing explains", alive - explained)
    dead = not parts and _say("Explained, and yet noticed or gone", explained - alive)
    print(f"\n{len(alive)} changes are not noticed, {len(alive & explained)} of them explained.")
    return int(unknown or dead)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
