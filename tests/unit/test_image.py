"""What the image is made of. The Dockerfile's own rules are hadolint's, in make check."""

import re
import tomllib
from pathlib import Path

from setuptools import find_packages

PROJECT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
TOOLS = PYPROJECT["tool"]["setuptools"]
FIND = TOOLS["packages"]["find"]
PACKAGES = set(find_packages(str(PROJECT), FIND["exclude"], FIND["include"]))
FOLDERS = {package.partition(".")[0] for package in PACKAGES}
TO_BE_RUN = {"components", "deploy", "data", ".dapr", "dapr.yaml", "showing.json", "tests"}
"""What a system's folder has beside its packages: nothing that an app reads."""


def test_every_package_is_installed() -> None:
    found = {
        ".".join(path.parent.relative_to(PROJECT).parts)
        for folder in FOLDERS
        for path in (PROJECT / folder).rglob("__init__.py")
        if not TO_BE_RUN & set(path.relative_to(PROJECT).parts)
    }
    assert found == PACKAGES


def test_what_packages_carry_besides_python_is_installed() -> None:
    carries = {path for folder in FOLDERS for path in carried(folder)}
    assert {path for package in PACKAGES for path in data_of(package)} == carries
    assert PROJECT / "sagas/web/console/static/console.css" in carries
    assert set(PROJECT.glob("systems/*/mails/*")) <= carries


def data_of(package: str) -> set[Path]:
    """Return the files that are installed with a package, besides Python."""
    globs = [*TOOLS["package-data"]["*"], *TOOLS["package-data"].get(package, [])]
    folder = PROJECT.joinpath(*package.split("."))
    return {path for glob in globs for path in folder.glob(glob)}


def carried(folder: str) -> set[Path]:
    """Return the files that are no Python, but those that apps are built of or run with."""
    files = {path for path in (PROJECT / folder).rglob("*.*") if path.is_file()}
    apart = TO_BE_RUN if folder == "systems" else set()
    return {
        path
        for path in files
        if path.suffix not in {".py", ".pyc", ".go", ".mod", ".sum"}
        and not apart & set(path.relative_to(PROJECT).parts)
    }


def test_the_image_is_made_of_all_packages() -> None:
    dockerfile = (PROJECT / "Dockerfile").read_text()
    assert set(re.findall(r"^COPY (\w+) \1/$", dockerfile, re.MULTILINE)) == FOLDERS
    ignored = (PROJECT / ".dockerignore").read_text().split()
    assert {f"!{folder}" for folder in FOLDERS} <= set(ignored)


def test_what_runs_leave_behind_and_tests_are_not_sent_to_be_built() -> None:
    ignored = (PROJECT / ".dockerignore").read_text().split()
    left = {f"systems/*/{name}" for name in ("data", ".dapr", "tests")}
    assert left <= set(ignored[ignored.index("!systems") :])


def test_the_image_starts_the_server() -> None:
    assert (PROJECT / "Dockerfile").read_text().endswith('ENTRYPOINT ["python", "-m", "uvicorn"]\n')
