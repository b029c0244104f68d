"""``python -m runtime.audit``: whether a pinned package is known to be vulnerable.

It ends with 0 only when every one was looked up and none is. Whatever could not be looked up is
unknown, which is not clean: 2.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PINS = Path(__file__).resolve().parent.parent / "constraints.txt"
CLEAN, VULNERABLE, UNKNOWN = range(3)


@dataclass
class Audit:
    """What was found: packages by what is known of them."""

    clean: list[str] = field(default_factory=list)
    vulnerable: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> int:
        if self.vulnerable:
            return VULNERABLE
        return UNKNOWN if self.unknown or not self.clean else CLEAN


def pinned(text: str) -> list[str]:
    """Return the names and versions of pins."""
    return [line.strip() for line in text.splitlines() if "==" in line.partition("#")[0]]


def read(report: str, pins: Sequence[str]) -> Audit:
    """Return what a report of pip-audit in JSON says of the pins; of one that it is not about,
    nothing is known."""
    try:
        rows: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audit(unknown=list(pins))
    found, seen = Audit(), set[str]()
    for row in rows:
        known = "skip_reason" not in row and "vulns" in row
        name = f"{row['name']}=={row.get('version', '?')}"
        seen.add(_same(row["name"]))
        if not known:
            found.unknown.append(name)
        elif row["vulns"]:
            found.vulnerable.append(f"{name}: {', '.join(v['id'] for v in row['vulns'])}")
        else:
            found.clean.append(name)
    found.unknown += [pin for pin in pins if _same(pin.partition("==")[0]) not in seen]
    return found


def audit(pins: Path = PINS) -> Audit:
    """Look all pins up."""
    options = ["--strict", "--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json"]
    command = [sys.executable, "-m", "pip_audit", *options, "--requirement", str(pins)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if not ran.stdout:
        print(ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else "No answer.")
    return read(ran.stdout, pinned(pins.read_text()))


def main() -> int:
    found = audit()
    for line in found.vulnerable:
        print(f"vulnerable  {line}")
    if found.unknown:
        print(f"unknown     {len(found.unknown)} packages could not be looked up")
    words = ("clean", "vulnerable", "unknown")
    print(f"{words[found.verdict]}: {len(found.clean)} packages are not known to be vulnerable")
    return found.verdict


def _same(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    sys.exit(main())
