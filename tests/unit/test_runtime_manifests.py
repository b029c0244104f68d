"""Manifests of a system that is made up: what is told from its files, and what its details add."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime import systems
from runtime.errors import SetupError
from runtime.manifests import Manifests
from tests.support import small_system

PROJECT = Path(__file__).resolve().parents[2]
APP, PARTICIPANT = "claim-orchestrator", "assess-service"
QUEUE = {"type": "pubsub.redis", "version": "v1", "metadata": [{"name": "redisHost", "value": "x"}]}


@pytest.fixture
def made(tmp_path: Path) -> Manifests:
    """A small system with one more app and a component that nothing is known of."""
    small_system.make(tmp_path, "small", by=0)
    (tmp_path / "systems" / "__init__.py").touch()
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "templates").symlink_to(PROJECT / "deploy" / "templates")
    known = systems.find(tmp_path, "small")
    template = yaml.safe_load(known.template.read_text())
    [app] = template["apps"]
    template["apps"] += [app | {"appID": PARTICIPANT, "env": {"LIMIT": 5, "MAIL_SINK_PORT": "1"}}]
    known.template.write_text(yaml.safe_dump(template))
    resource(known.folder, "Resiliency", targets={"apps": {PARTICIPANT: {"retry": "none"}}})
    resource(known.folder, "Component", **QUEUE)
    return Manifests(tmp_path, known)


def test_an_app_has_the_environment_of_the_local_one_but_no_mail_sink(made: Manifests) -> None:
    [app] = containers(made, PARTICIPANT)
    assert [item for item in app["env"] if "value" in item] == [{"name": "LIMIT", "value": "5"}]


def test_what_the_details_add_is_there_too(made: Manifests) -> None:
    assert "Service" not in kinds(made, f"apps/{PARTICIPANT}.yaml")
    details(made, {"apps": {PARTICIPANT: {"env": {"URL": "https://x"}, "open": "For links."}}})
    again = Manifests(made.project, made.known)
    [app] = containers(again, PARTICIPANT)
    assert app["env"][1] == {"name": "URL", "value": "https://x"}
    assert "Service" in kinds(again, f"apps/{PARTICIPANT}.yaml")
    assert "# For links." in again.made()[f"apps/{PARTICIPANT}.yaml"]


@pytest.mark.parametrize(
    "wrong", [{"apps": {"nobody": {}}}, {"apps": {APP: {"environment": {}}}}, {"images": {}}]
)
def test_details_that_mean_nothing_are_refused(made: Manifests, wrong: dict[str, Any]) -> None:
    details(made, wrong)
    with pytest.raises(SetupError, match=r"kubernetes\.yaml"):
        Manifests(made.project, made.known).made()


def test_a_component_of_which_nothing_is_known_stays_as_it_is(made: Manifests) -> None:
    [component] = documents(made, "dapr/extra.yaml")
    assert component["spec"] == QUEUE


def test_participants_may_call_back_where_resiliency_says_that_they_do(made: Manifests) -> None:
    policy = "calls-to-the-orchestrator"
    assert policy not in names(made, "network-policies.yaml")
    resource(made.known.folder, "Resiliency", targets={"apps": {APP: {"retry": "none"}}})
    assert policy in names(Manifests(made.project, made.known), "network-policies.yaml")


def test_writing_leaves_nothing_of_what_was_there(made: Manifests) -> None:
    stale = made.folder / "apps" / "gone-service.yaml"
    stale.parent.mkdir(parents=True)
    stale.write_text("kind: Deployment")
    made.write()
    files = {str(path.relative_to(made.folder)) for path in made.folder.rglob("*.yaml")}
    assert files == made.made().keys()
    listed = yaml.safe_load((made.folder / "kustomization.yaml").read_text())["resources"]
    assert files == {*listed, "kustomization.yaml", "deployment-patch.yaml"}


def resource(folder: Path, kind: str, **spec: Any) -> None:
    head = {"apiVersion": "dapr.io/v1alpha1", "kind": kind, "metadata": {"name": "extra"}}
    path = folder / "components" / f"extra-{kind}.yaml"
    path.write_text(yaml.safe_dump(head | {"spec": spec}))


def details(made: Manifests, content: dict[str, Any]) -> None:
    path = made.folder.with_suffix(".yaml")
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content))


def documents(made: Manifests, name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(made.made()[name]))


def kinds(made: Manifests, name: str) -> list[str]:
    return [each["kind"] for each in documents(made, name)]


def names(made: Manifests, name: str) -> list[str]:
    return [each["metadata"]["name"] for each in documents(made, name)]


def containers(made: Manifests, app_id: str) -> list[dict[str, Any]]:
    [deployment, *_] = documents(made, f"apps/{app_id}.yaml")
    found: list[dict[str, Any]] = deployment["spec"]["template"]["spec"]["containers"]
    return found
