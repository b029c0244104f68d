"""What docs/your-own.md lets its reader write is a system that is linted, typed and tested."""

import re
from pathlib import Path

import pytest

from runtime import template
from tests.support.planted import PROJECT, passes, project_with

PAGE = (PROJECT / "docs" / "your-own.md").read_text()


def block(language: str, begins: str) -> str:
    """Return the one block of the page that begins so."""
    found = [
        each
        for each in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
        if each.strip().startswith(begins)
    ]
    assert len(found) == 1, begins
    return str(found[0])


def change(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in changes:
        assert text.count(old) == 1, f"{file}: {old}"
        text = text.replace(old, new)
    file.write_text(text)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the system that a reader has after part 5, and its test of part 8."""
    project = project_with(tmp_path_factory.mktemp("read").resolve(), "claims")
    own = project / "systems" / "claims"
    (own / "inspector.py").write_text(block("python", '"""InspectorService'))
    with (own / "dapr.yaml").open("a") as file:
        file.write(block("yaml", "- appID: inspector-service"))
    constant, steps = block("python", "INSPECTOR =").split("…\n")
    imports = ("import json\n", "import json\nfrom datetime import timedelta\n")
    names = ("Shown, Step, Words", "Shown, Signal, Step, Words")
    signal = block("python", "class Decision")
    calls = block("python", "yield from saga.run(inspect") + block("python", "if wanted")
    change(
        own / "orchestrator.py",
        imports,
        names,
        ('"payment-service"\n', f'"payment-service"\n{constant}'),
        ("\n\ndef settle(", f"{steps}\n\n{signal}\n\ndef settle("),
        ("    yield from saga.run(\n", f"{calls}    yield from saga.run(\n"),
        ('[reserve], "charge"', '[reserve], "inspect": [inspect], "charge"'),
        ("    workflows=", "    signals=[APPROVAL],\n    workflows="),
    )
    run, more = block("python", "def run").split("\n\n\n", 1)
    tests = own / "tests" / "test_claim.py"
    text = tests.read_text()
    begin, end = text.index("def run("), text.index("\n\n\ndef test_what_goes_well")
    tests.write_text(f"{text[:begin]}{run}{text[end:]}\n\n{more}")
    change(tests, ('["refund", "cancel', '["refund", "call off", "cancel'))
    return project


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the system of part 9, and its tests."""
    project = project_with(tmp_path_factory.mktemp("lent").resolve(), "library", "loan")
    own = project / "systems" / "library"
    (own / "desk.py").write_text(block("python", '"""DeskService: a copy'))
    (own / "orchestrator.py").write_text(block("python", '"""The loan saga'))
    (own / "sample.json").write_text('{"reader": "reader-1", "book": "Emma"}\n')
    price = '"price": {"amount": 5000, "currency": "USD"}'
    change(
        own / "tests" / "test_loan.py",
        (f"{{{price}}}", '{"deposit": {"amount": 2000, "currency": "USD"}}'),
        ('"amount": 5000', '"amount": 2000'),
        ('inputs["charge"]', 'inputs["take deposit"]'),
        ("charge=reply", '**{"take deposit": reply}'),
        ('["refund", "cancel reservation"]', '["refund", "give back"]'),
    )
    tests = own / "tests" / "test_running.py"
    text = tests.read_text()
    first = text[: text.index("def test_what_is_refused")]
    tests.write_text(first + block("python", "def test_a_declined_card_gives"))
    imports = "from tests.support.running import running\n"
    change(tests, (imports, f"{imports}from tests.support.waiting import until\n"))
    return project


def test_what_the_page_writes_is_linted_formatted_and_typed(written: Path) -> None:
    passes(written, "ruff", "check", "--no-cache", "systems/claims")
    passes(written, "ruff", "format", "--no-cache", "--check", "systems/claims")
    cache = f"--cache-dir={written / '.mypy_cache'}"
    passes(written, "mypy", cache, "--follow-imports=silent", "systems/claims")


def test_what_the_page_tests_passes(written: Path) -> None:
    test = "systems/claims/tests/test_claim.py"
    passes(written, "pytest", "-q", "-p", "no:cacheprovider", test)


def test_the_new_app_has_ports_that_no_other_of_the_system_has(written: Path) -> None:
    read = template.read(written / "systems" / "claims" / "dapr.yaml")
    assert len(read.ports) == sum(len(app.ports) for app in read.apps)
    assert "inspector-service" in {app.app_id for app in read.apps}


def test_the_library_is_linted_formatted_and_typed(library: Path) -> None:
    passes(library, "ruff", "check", "--no-cache", "systems/library")
    passes(library, "ruff", "format", "--no-cache", "--check", "systems/library")
    cache = f"--cache-dir={library / '.mypy_cache'}"
    passes(library, "mypy", cache, "--follow-imports=silent", "systems/library")


def test_the_library_s_saga_passes_on_the_fake_engine(library: Path) -> None:
    passes(library, "pytest", "-q", "-p", "no:cacheprovider", "systems/library/tests/test_loan.py")
