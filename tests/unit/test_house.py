"""Imports go down the house, never up, and no room looks into one beside it."""

import ast
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

import sagas

PROJECT = Path(__file__).resolve().parent.parent.parent
SYSTEMS = [path.parent.name for path in (PROJECT / "systems").glob("*/__init__.py")]
TOOLKIT = {f"sagas.{name}" for name in sagas.__all__}
MAY_IMPORT = {
    "telemetry": set[str](),
    "base": {"telemetry"},
    "kit": {"base", "telemetry"},
    "sagas/core": {"base"},
    "sagas/records": {"sagas.core", "base", "telemetry"},
    "sagas/people": {"base"},
    "sagas/engine": {"sagas.records", "sagas.core", "base", "telemetry"},
    "sagas/web": {
        "sagas.people",
        "sagas.engine",
        "sagas.records",
        "sagas.core",
        "base",
        "telemetry",
    },
    "services/flight": {"kit", "base"},
    "services/hotel": {"kit", "base"},
    "services/payment": {"kit", "base"},
    "services/notification": {"kit", "base"},
    "services/identity": {"base"},
    "orchestrator": {*TOOLKIT, "base"},
    **{f"systems/{name}": {"sagas", "services", "kit", "base", "telemetry"} for name in SYSTEMS},
    "cli": set[str](),
    "runtime": set[str](),
}
ALSO = {
    "orchestrator/form.py": {"sagas.web", "sagas.engine.participants"},
    "systems/bank/console.py": {"sagas.web", "sagas.engine"},
    "systems/orders/console.py": {"sagas.web", "sagas.engine.participants", "sagas.core.progress"},
    "systems/pipeline/console.py": {"sagas.web", "sagas.engine"},
    "systems/tenants/api.py": {"sagas.web", "sagas.engine.participants"},
    "systems/tenants/console.py": {"sagas.web", "sagas.engine.participants"},
    "systems/tenants/verified.py": {"sagas.engine.participants"},
    "systems/tenants/database/postgres.py": {"runtime.databases"},
    "systems/tenants/database/schemas.py": {"runtime.databases"},
    "systems/tenants/showing.py": {"runtime.databases"},
    "systems/tenants/storage/gateway.py": {"runtime.build"},
}
"""What else a file may import: pages are made of the console's parts, and services that own a
server program find it where the runtime has put it."""
OURS = {path.split("/")[0] for path in MAY_IMPORT} | {"bench", "tests"}
FLOORS = sorted({path.split("/")[0] for path in MAY_IMPORT if "/" in path})


def imported(file: Path) -> Iterator[str]:
    package = ".".join(file.relative_to(PROJECT).parent.parts)
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{module}.{name.name}" for name in node.names)


def lies_in(name: str, room: str) -> bool:
    return f"{name}.".startswith(f"{room}.")


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    files = {file: file.relative_to(PROJECT) for file in (PROJECT / room).rglob("*.py")}
    assert files
    for file, path in files.items():
        if "tests" in path.parts:  # those of a system; what all tests share is theirs too
            continue
        allowed = {room.replace("/", "."), *MAY_IMPORT[room], *ALSO.get(str(path), ())}
        ours = {name for name in imported(file) if name.split(".")[0] in OURS}
        above = {name for name in ours if not any(lies_in(name, each) for each in allowed)}
        assert not above, f"{path} imports {sorted(above)}"


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_has_no_room_of_which_nobody_said_what_lies_below_it(floor: str) -> None:
    inside = {f"{floor}/{path.parent.name}" for path in (PROJECT / floor).glob("*/*.py")}
    assert inside == {room for room in MAY_IMPORT if room.startswith(f"{floor}/")}
    assert [path.name for path in (PROJECT / floor).glob("*.py")] == ["__init__.py"]
