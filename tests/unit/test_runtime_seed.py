"""A system that `make new` writes is as well kept as the rest, and takes nothing of another's."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from setuptools import find_namespace_packages

from runtime import blocks, seed, systems, template
from runtime.errors import SetupError
from runtime.ports import EPHEMERAL_FROM
from runtime.template import Changes
from tests.support.planted import PROJECT, passes, project_with

MOST = Changes(replicas=template.MOST_REPLICAS)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = project_with(tmp_path_factory.mktemp("own").resolve(), "claims")
    seed.plant(project, "parcels")
    return project


@pytest.mark.parametrize("name", ["ab", "claims", "aaaaaaaaaabbbbbbbbbb"])
def test_it_is_linted_and_formatted(tmp_path: Path, name: str) -> None:
    project = project_with(tmp_path.resolve(), name)
    passes(project, "ruff", "check", "--no-cache", f"systems/{name}")
    passes(project, "ruff", "format", "--no-cache", "--check", f"systems/{name}")


def test_its_types_are_strict(project: Path) -> None:
    cache = f"--cache-dir={project / '.mypy_cache'}"
    passes(project, "mypy", cache, "--follow-imports=silent", "systems/claims")


def test_its_saga_passes_on_the_fake_engine(project: Path) -> None:
    test = "systems/claims/tests/test_claim.py"
    passes(project, "pytest", "-q", "-p", "no:cacheprovider", test)


def test_it_is_installed_without_a_line_in_pyproject(project: Path) -> None:
    content = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    find = content["tool"]["setuptools"]["packages"]["find"]
    found = find_namespace_packages(str(project), exclude=find["exclude"], include=find["include"])
    assert {name for name in found if "claims" in name} == {"systems.claims"}


def test_two_of_ones_own_can_run_beside_all_others(project: Path) -> None:
    """With all the replicas they may have."""
    own = {name: blocks.needed(project, MOST, name) for name in ("claims", "parcels")}
    zipkin = own["claims"] & own["parcels"]
    assert len(zipkin) == 1, "they share but Zipkin"
    for name, ports in own.items():
        assert max(ports) < EPHEMERAL_FROM
        for other in systems.every(project):
            if other.name != name:
                assert ports & blocks.needed(project, MOST, other.name) <= zipkin


@pytest.mark.parametrize("name", ["claims", "parcels"])
def test_every_app_has_a_store_that_no_other_may_use(project: Path, name: str) -> None:
    used: dict[str, list[str]] = {}
    for path in project.glob(f"systems/{name}/components/*-store.yaml"):
        component: dict[str, Any] = yaml.safe_load(path.read_text())
        used[component["metadata"]["name"]] = component["scopes"]
    noun, _ = seed.noun_of(name)
    assert used == {
        "desk-store": ["desk-service"],
        "payment-store": ["payment-service"],
        f"{noun}-store": [f"{noun}-orchestrator"],
        "workflow-store": [f"{noun}-orchestrator"],
    }


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("claims", "already"),
        ("trips", "already"),
        ("orders", "already"),
        ("desks", "desk-store"),
        ("payment", "payment-store"),
        ("workflows", "workflow-store"),
        ("class", "Python"),
        ("Claims", "no name"),
        ("my claims", "no name"),
        ("my-claims", "no name"),
        ("my_claims", "no name"),
        ("../x", "no name"),
        ("2claims", "no name"),
        ("aaaaaaaaaabbbbbbbbbbc", "no name"),
        ("claims\n", "no name"),
        ("", "no name"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused_and_changes_nothing(
    project: Path, name: str, why: str
) -> None:
    before = sorted((project / "systems").rglob("*"))
    with pytest.raises(SetupError, match=why):
        seed.plant(project, name)
    assert sorted((project / "systems").rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "nouns"),
    [
        ("claims", ("claim", "claims")),
        ("deliveries", ("delivery", "deliveries")),
        ("claim", ("claim", "claims")),
        ("address", ("address", "addresses")),
        ("status", ("status", "statuses")),
        ("library", ("library", "libraries")),
        ("survey", ("survey", "surveys")),
        ("box", ("box", "boxes")),
    ],
)
def test_the_name_gives_the_noun(name: str, nouns: tuple[str, str]) -> None:
    assert seed.noun_of(name) == nouns


def test_a_case_may_have_another_noun_than_the_system(tmp_path: Path) -> None:
    project = project_with(tmp_path.resolve(), "library", "loan")
    own = project / "systems" / "library"
    assert (own / "components" / "loan-store.yaml").is_file()
    assert template.read(own / "dapr.yaml").orchestrator == "loan-orchestrator"
    passes(project, "pytest", "-q", "-p", "no:cacheprovider", "systems/library/tests/test_loan.py")
    passes(project, "ruff", "check", "--no-cache", "systems/library")


@pytest.mark.parametrize(("noun", "why"), [("Loan", "no name for a case"), ("desk", "desk-store")])
def test_a_noun_that_is_none_is_refused(project: Path, noun: str, why: str) -> None:
    before = sorted((project / "systems").rglob("*"))
    with pytest.raises(SetupError, match=why):
        seed.plant(project, "lending", noun)
    assert sorted((project / "systems").rglob("*")) == before
