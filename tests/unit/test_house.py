"""Imports go down the house, never up, and no room looks into one beside it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
MAY_IMPORT = {
    "telemetry": set[str](),
    "base": {"telemetry"},
    "kit": {"base", "telemetry"},
    "services/flight": {"kit", "base"},
    "services/hotel": {"kit", "base"},
    "services/payment": {"kit", "base"},
    "services/notification": {"kit", "base"},
    "orchestrator": {"base", "telemetry"},
    "cli": set[str](),
    "runtime": set[str](),
}
ROOMS = {path.split("/")[0] for path in MAY_IMPORT} | {"bench", "tests"}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    files = list((PROJECT / room).rglob("*.py"))
    assert files
    for file in files:
        ours = {name for name in imported(file) if name.split(".")[0] in ROOMS}
        below = {
            name
            for name in ours
            if name.split(".")[0] in MAY_IMPORT[room] or name.startswith(room.replace("/", "."))
        }
        assert ours == below, f"{file.relative_to(PROJECT)} imports {sorted(ours - below)}"
