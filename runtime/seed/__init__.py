"""A new system of one's own: ``make new SYSTEM=claims`` writes it into ``systems/claims/``.

Its cases are claims; ``NOUN=loan`` gives those of a library another noun.
"""

import keyword
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from runtime import beside, systems, template
from runtime.errors import SetupError

_NAME = re.compile(r"[a-z][a-z0-9]{1,19}")  # a Python package and part of Kubernetes' names
_STORES = ("desk", "payment", "workflow")
_BLOCK = 300  # ports
_BLOCKS = range(10_000, 30_000, _BLOCK)  # above those of the systems of the project
_REPLICAS = 4 * template.REPLICA_STEP


def plant(project: Path, name: str, noun: str = "") -> Path:
    """Write a system of this name, which works as it stands; return its folder. One case of it is
    a ``noun``; without it, the name says what.

    Raises SetupError, and changes nothing, when the name is taken or none for a system.
    """
    _check(name, "system")
    if noun:
        _check(noun, "case")
    noun, nouns = (noun, _plural(noun)) if noun else noun_of(name)
    if noun in _STORES:
        raise SetupError(f"There will be a {noun}-store already; choose another name.")
    folder = project / "systems" / name
    if folder.exists() or name == systems.TRIPS:
        raise SetupError(f"There is a system {name} already; choose another name.")
    files = list(_files(name, noun, nouns, _free_block(project)))
    for path, text in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def noun_of(name: str) -> tuple[str, str]:
    """Return the noun of a system's cases and its plural: ``claim``, ``claims``."""
    if name.endswith("ies") and len(name) > 4:
        return f"{name[:-3]}y", name
    if name.endswith("s") and not name.endswith(("ss", "us")) and len(name) > 2:
        return name[:-1], name
    return name, _plural(name)


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "z", "ch", "sh")) else f"{noun}s"


def _check(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise SetupError(
            f"{name!r} is no name for a {what}: 2 to 20 small letters and digits, a letter first."
        )
    if keyword.iskeyword(name):
        raise SetupError(f"{name} is a word of Python's own; choose another name.")


def _files(name: str, noun: str, nouns: str, base: int) -> Iterator[tuple[str, str]]:
    env = Environment(
        loader=PackageLoader("runtime.seed", "."),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    package = f"systems.{name}"
    orchestrator = f"{noun}-orchestrator"
    env.globals |= {
        "name": name,
        "noun": noun,
        "nouns": nouns,
        "Noun": noun.title(),
        "NOUN": noun.upper(),
        "base": base,
        "apps": [
            (orchestrator, f"{package}.orchestrator"),
            ("desk-service", f"{package}.desk"),
            ("payment-service", "services.payment.app"),
        ],
    }

    def rendered(source: str, **facts: str) -> str:
        return env.get_template(f"{source}.j2").render(facts)

    for plain in ("orchestrator.py", "desk.py", "sample.json", "dapr.yaml"):
        yield plain, rendered(plain)
    for resource in ("configuration", "doors", "resiliency", "secrets"):
        yield f"components/{resource}.yaml", rendered(f"components/{resource}.yaml")
    users = {
        "desk-store": "desk-service",
        "payment-store": "payment-service",
        f"{noun}-store": orchestrator,
        "workflow-store": orchestrator,
    }
    for store, user in users.items():
        text = rendered("components/store.yaml", store=store, user=user)
        yield f"components/{store}.yaml", text
    yield "__init__.py", f'"""{nouns.capitalize()}, on the toolkit."""\n'
    yield "tests/__init__.py", ""
    yield f"tests/test_{noun}.py", rendered("tests/saga.py")
    yield "tests/test_running.py", rendered("tests/running.py")
    yield "data/.gitignore", "*\n!.gitignore\n"


def _free_block(project: Path) -> int:
    """Return the first port of a block in which no other system has one."""
    taken = {port for known in systems.every(project) for port in _ports(known.template)}
    for base in _BLOCKS:
        if not any(base <= port < base + _BLOCK for port in taken):
            return base
    raise SetupError("There is no room for the ports of one more system.")


def _ports(path: Path) -> Iterator[int]:
    """Give the ports of a system and of its replicas, its control plane's and databases'."""
    read = template.read(path)
    for port in read.ports:
        yield from range(port, port + _REPLICAS, template.REPLICA_STEP)
    yield from beside.of(read.placement_port, read.scheduler_port).every
