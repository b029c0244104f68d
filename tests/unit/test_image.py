"""What the image is made of. The Dockerfile's own rules are hadolint's, in make check."""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
TOOLS = PYPROJECT["tool"]["setuptools"]
FOLDERS = {package.partition(".")[0] for package in TOOLS["packages"]}


def test_every_package_is_installed() -> None:
    found = {
        ".".join(path.parent.relative_to(PROJECT).parts)
        for folder in FOLDERS
        for path in (PROJECT / folder).rglob("__init__.py")
    }
    assert set(TOOLS["packages"]) == found


def test_what_packages_carry_besides_python_is_installed() -> None:
    for package in ("services.notification", "orchestrator.console"):
        folder = PROJECT.joinpath(*package.split("."))
        named = {path for glob in TOOLS["package-data"][package] for path in folder.glob(glob)}
        there = {path for path in folder.rglob("*.*") if path.suffix not in {".py", ".pyc"}}
        assert named == there


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


def test_the_image_starts_the_server() -> None:
    assert (PROJECT / "Dockerfile").read_text().endswith('ENTRYPOINT ["python", "-m", "uvicorn"]\n')
