"""A system that `make new` writes works as it stands: lint, types, its tests, on real daprd."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime import seed
from runtime.errors import SetupError
from runtime.template import read

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with one more system, which is nowhere else."""
    folder = tmp_path_factory.mktemp("own").resolve()
    for path in PROJECT.iterdir():
        if not path.name.startswith(".") and path.name != "systems":
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "systems").mkdir()
    (folder / "systems" / "__init__.py").touch()
    for system in PROJECT.glob("systems/*/dapr.yaml"):
        (folder / "systems" / system.parent.name).symlink_to(system.parent)
    seed.plant(folder, "claims")
    return folder


def run(project: Path, *command: str) -> None:
    env = os.environ | {"PYTHONPATH": str(project)}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_as_well_kept_as_the_rest(project: Path) -> None:
    run(project, "ruff", "check", "--no-cache", "systems/claims")
    run(project, "ruff", "format", "--no-cache", "--check", "systems/claims")


def test_its_tests_pass_on_the_running_system(project: Path) -> None:
    run(project, "pytest", "-q", "-p", "no:cacheprovider", "systems/claims/tests")


def test_it_has_ports_of_its_own(project: Path) -> None:
    ours = set(read(project / "systems" / "claims" / "dapr.yaml").ports)
    for other in [project / "dapr.yaml", *project.glob("systems/*/dapr.yaml")]:
        if other.parent.name != "claims":
            assert not ours & set(read(other).ports)


@pytest.mark.parametrize("name", ["claims", "trips", "Claims", "my claims", "../x", "class", ""])
def test_a_name_that_is_taken_or_none_is_refused_and_changes_nothing(
    project: Path, name: str
) -> None:
    before = sorted((project / "systems").rglob("*"))
    with pytest.raises(SetupError):
        seed.plant(project, name)
    assert sorted((project / "systems").rglob("*")) == before
