"""What the image is made of. The Dockerfile's own rules are hadolint's, in make check."""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
TOOLS = PYPROJECT["tool"]["setuptools"]
FOLDERS = {package.partition(".")[0] for package in TOOLS["packages"]}
TO_BE_RUN = {"components", "deploy", "data", ".dapr", "dapr.yaml", "tests"}
"""What a system's folder has beside its packages: nothing that an app reads."""


def test_every_package_is_installed() -> None:
    found = {
        ".".join(path.parent.relative_to(PROJECT).parts)
        for folder in FOLDERS
        for path in (PROJECT / folder).rglob("__init__.py")
        if path.parent.name != "tests"
    }
    assert set(TOOLS["packages"]) == found


def test_what_packages_carry_besides_python_is_installed() -> None:
    assert {"services.notification", "sagas.web.console", "orchestrator"} <= set(
        TOOLS["package-data"]
    )
    named = {
        path
        for package, globs in TOOLS["package-data"].items()
        for glob in globs
        for path in PROJECT.joinpath(*package.split(".")).glob(glob)
    }
    assert named == {path for folder in FOLDERS for path in carried(folder)}


def carried(folder: str) -> set[Path]:
    """Return the files that are no Python, but those that apps are built of or run with."""
    files = {path for path in (PROJECT / folder).rglob("*.*") if path.is_file()}
    apart = TO_BE_RUN if folder == "systems" else set()
    return {
        path
        for path in files
        if path.suffix not in {".py", ".pyc", ".mod", ".sum"}
        and not apart & set(path.relative_to(PROJECT).parts)
    }


def test_the_mails_of_systems_are_installed() -> None:
    folders = {path.parent for path in (PROJECT / "systems").glob("*/mails/*")}
    assert folders
    for mails in folders:
        data = TOOLS["package-data"][f"systems.{mails.parent.name}"]
        assert {path for glob in data for path in mails.parent.glob(glob)} >= set(mails.iterdir())


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
