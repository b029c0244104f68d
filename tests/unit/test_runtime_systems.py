"""Every system of the project: where it is, and that its template and its copies lead there."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime import systems, template
from runtime.errors import SetupError
from runtime.systems import Known
from runtime.template import Changes

PROJECT = Path(__file__).resolve().parents[2]
EVERY = systems.every(PROJECT)


def by_name(known: Known) -> str:
    return known.name


@pytest.fixture(params=EVERY, ids=by_name)
def known(request: pytest.FixtureRequest) -> Known:
    found: Known = request.param
    return found


def test_trips_are_at_the_top_and_others_in_a_folder() -> None:
    assert systems.find(PROJECT).folder == PROJECT
    assert systems.find(PROJECT, "orders").folder == PROJECT / "systems" / "orders"


def test_a_system_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(SetupError, match=r"no system nope; there are trips, .*orders"):
        systems.find(PROJECT, "nope")


def test_dapr_run_leads_apps_to_the_top_of_the_project(known: Known) -> None:
    """`dapr run -f` resolves every path by the folder of the file."""
    content = yaml.safe_load(known.template.read_text())
    for folder in (content["common"], *content["apps"]):
        assert (known.folder / folder["appDirPath"]).resolve() == PROJECT
    assert (known.folder / content["common"]["configFilePath"]).is_file()
    assert content["common"]["resourcesPaths"] == ["components"]


def test_data_is_in_the_folder_of_the_system(known: Known) -> None:
    """A file of data is found from the top of the project, where `dapr run` starts apps."""
    own = (known.folder / "data").relative_to(PROJECT)
    files = [text for text in texts(contents(known.folder)) if "data/" in text]
    assert files
    assert {Path(file).is_relative_to(own) for file in files} == {True}


def test_a_copy_has_its_data_at_home(tmp_path: Path, known: Known) -> None:
    path = template.write(PROJECT, tmp_path, tmp_path, Changes(), known.name)
    copied = [text for text in texts(contents(path.parent)) if "data/" in text]
    own = known.folder.relative_to(PROJECT)
    here = [text for text in texts(contents(known.folder)) if "data/" in text]
    assert sorted(str(own / text) for text in copied) == sorted(here)


def test_a_system_has_one_app_that_takes_requests(known: Known) -> None:
    assert template.read(known.template).orchestrator.endswith("-orchestrator")


def test_every_scope_and_target_is_an_app_of_the_system(known: Known) -> None:
    apps = {app.app_id for app in template.read(known.template).apps}
    for resource in resources(known.folder):
        assert set(resource.get("scopes", [])) <= apps
        targets = resource.get("spec", {}).get("targets", {}).get("apps", {})
        assert {name.removesuffix(".default") for name in targets} <= apps


def test_nothing_in_the_folder_of_an_app_is_imported(tmp_path: Path) -> None:
    path = template.write(PROJECT, tmp_path, tmp_path, Changes(), "orders")
    for app in yaml.safe_load(path.read_text())["apps"]:
        paths = {app["env"]["PYTHONPATH"], app["env"]["UVICORN_APP_DIR"]}
        assert (app["appDirPath"], paths) == (str(tmp_path), {str(PROJECT)})
        assert app["env"]["PYTHONSAFEPATH"] == "1"


def resources(folder: Path) -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) for path in (folder / "components").glob("*.yaml")]


def contents(folder: Path) -> list[Any]:
    return [yaml.safe_load((folder / "dapr.yaml").read_text()), *resources(folder)]


def texts(content: Any) -> list[str]:
    """Return every text in a YAML content."""
    if isinstance(content, dict):
        return texts(list(content.values()))
    if isinstance(content, list):
        return [text for value in content for text in texts(value)]
    return [content] if isinstance(content, str) else []
