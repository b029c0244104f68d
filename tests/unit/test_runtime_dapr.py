"""Finding a usable Dapr, with programs that only know their version."""

from pathlib import Path

import pytest

from runtime import dapr
from runtime.build import MODULES
from runtime.dapr import find_or_build, parse_version
from runtime.errors import SetupError


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nprintf '{says}\\n'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of its own: an empty PATH but for ``bin``, an empty home, an empty cache."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("DAPR_RUNTIME_PATH", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TRAVEL_DAPR", raising=False)
    return tmp_path


def install(machine: Path, cli: str, runtime: str, slim: bool = True) -> None:
    program(machine / "bin" / "dapr", f"CLI version: {cli} \\nRuntime version: {runtime}")
    programs = machine / "home" / ".dapr" / "bin"
    program(programs / "daprd", runtime)
    for name in ("placement", "scheduler") if slim else ():
        program(programs / name, runtime)


def test_versions_are_read_from_what_the_programs_print() -> None:
    assert parse_version("CLI version: 1.16.5 \nRuntime version: n/a") == (1, 16)
    assert parse_version("1.18.2") == (1, 18)
    assert parse_version("edge") is None


def test_an_installed_dapr_is_used(machine: Path) -> None:
    install(machine, "1.16.5", "1.18.0")
    found = find_or_build()
    assert found.cli == machine / "bin" / "dapr"
    assert found.program("daprd").is_relative_to(machine / "home")


def test_one_without_control_plane_is_used_only_where_that_runs_already(machine: Path) -> None:
    install(machine, "1.17.0", "1.19.1", slim=False)
    assert find_or_build(needed=()).cli == machine / "bin" / "dapr"
    with pytest.raises(SetupError, match="nor Go was found"):
        find_or_build()


@pytest.mark.parametrize(
    ("cli", "runtime"), [("1.15.9", "1.18.0"), ("1.16.0", "1.17.4"), ("edge", "edge")]
)
def test_one_that_is_too_old_or_unknown_is_passed_over(
    machine: Path, cli: str, runtime: str
) -> None:
    install(machine, cli, runtime)
    with pytest.raises(SetupError, match="nor Go was found"):
        find_or_build()


def test_with_neither_dapr_nor_go_one_sentence_says_what_to_install(machine: Path) -> None:
    with pytest.raises(SetupError, match=r"install the Dapr CLI .* or install Go"):
        find_or_build()
    assert not list((machine / "cache").glob("**/daprd"))


def test_building_can_be_asked_for(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(machine, "1.16.5", "1.18.0")
    monkeypatch.setenv("TRAVEL_DAPR", "build")
    monkeypatch.setattr(dapr, "built", lambda: machine / "made")
    assert find_or_build().home == machine / "made"


def test_every_module_pins_a_version_that_is_new_enough() -> None:
    oldest = {"cli": dapr.OLDEST_CLI}
    for module in MODULES:
        version = parse_version(module.version)
        assert version is not None
        assert version >= oldest.get(module.name, dapr.OLDEST_RUNTIME)
