"""The manifests in deploy/kubernetes: well-formed, and in step with the local system."""

import importlib
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import kubernetes_validate
import pytest
import yaml
from pydantic_settings import BaseSettings

from tests.support import manifests
from tests.support.manifests import PROJECT, Resource, of_kind, rendered

OLDEST, NEWEST = "1.30", "1.37"
NAME = "app.kubernetes.io/name"
LOCAL = {app["appID"]: app for app in yaml.safe_load((PROJECT / "dapr.yaml").read_text())["apps"]}
MAIL_SINK = {"MAIL_SINK_PORT", "MAIL_SINK_FOLDER"}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_what_is_of_kubernetes_is_as_its_schemas_say(version: str) -> None:
    checked = [each for each in rendered() if not is_of_dapr(each)]
    assert {title(each): fault for each in checked if (fault := fault_of(each, version))} == {}


def test_what_is_of_dapr_is_as_its_schemas_say() -> None:
    checked = [each for each in rendered() if is_of_dapr(each)]
    assert {title(each): faults for each in checked if (faults := dapr_faults(each))} == {}


@pytest.mark.parametrize("kind", ["Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget"])
def test_a_field_that_kubernetes_does_not_know_is_found(kind: str) -> None:
    assert fault_of(misspelt(kind), NEWEST)


@pytest.mark.parametrize("kind", ["Component", "Configuration", "Resiliency"])
def test_a_field_that_dapr_does_not_know_is_found(kind: str) -> None:
    assert dapr_faults(misspelt(kind))


def test_dapr_knows_every_annotation() -> None:
    used = {name for pod in pods().values() for name in pod["metadata"]["annotations"]}
    assert used - manifests.dapr_annotations() == set()


def test_the_components_know_all_their_metadata() -> None:
    for component in of_kind("Component"):
        known = manifests.component_metadata(
            component["spec"]["type"], component["spec"]["version"]
        )
        assert set(metadata(component)) - known == set(), title(component)


def test_each_app_is_started_as_in_the_local_system() -> None:
    started = {app_id: ["python", "-m", "uvicorn", *app["args"]] for app_id, app in apps().items()}
    assert started == {app_id: ["python", *app["command"][1:]] for app_id, app in LOCAL.items()}


def test_each_sidecar_finds_its_app() -> None:
    for app_id, pod in pods().items():
        annotations = pod["metadata"]["annotations"]
        port = LOCAL[app_id]["appPort"]
        assert annotations["dapr.io/app-id"] == app_id == pod["metadata"]["labels"][NAME]
        assert annotations["dapr.io/app-port"] == str(port)
        assert apps()[app_id]["ports"] == [{"name": "http", "containerPort": port}]
        assert [annotations["dapr.io/config"]] == [title(each) for each in of_kind("Configuration")]


def test_each_environment_variable_is_one_that_an_app_reads() -> None:
    for app_id, app in apps().items():
        module = app["args"][0].partition(":")[0]
        importlib.import_module(module)
        # uvicorn takes its options from UVICORN_… too.
        assert {item["name"] for item in app["env"]} - settings() == {"UVICORN_HOST"}, app_id


def test_what_the_local_system_sets_is_set_here_too() -> None:
    for app_id, app in apps().items():
        values = {item["name"]: item.get("value") for item in app["env"]}
        local = {n: v for n, v in LOCAL[app_id].get("env", {}).items() if n not in MAIL_SINK}
        assert local.items() <= values.items()


def test_components_have_the_names_and_users_of_the_local_ones() -> None:
    def users(resources: list[Resource]) -> dict[str, list[str]]:
        return {title(each): each["scopes"] for each in resources if each["kind"] == "Component"}

    assert users(rendered()) == users(manifests.local_resources())


def test_the_same_store_keeps_the_workflows() -> None:
    def actor_stores(resources: list[Resource]) -> list[str]:
        components = [each for each in resources if each["kind"] == "Component"]
        return [title(each) for each in components if "actorStateStore" in metadata(each)]

    assert actor_stores(rendered()) == actor_stores(manifests.local_resources())


def test_the_configuration_is_the_local_one_but_for_names() -> None:
    local = local_resource("Configuration")["spec"]
    del local["nameResolution"]
    [here] = of_kind("Configuration")
    assert here["spec"] == local


def test_resiliency_is_the_local_one_with_breakers_in_this_namespace() -> None:
    local = local_resource("Resiliency")
    [here] = of_kind("Resiliency")
    targets = local["spec"]["targets"]
    targets["apps"] = {
        name.replace(".default", f".{namespace()}"): target
        for name, target in targets["apps"].items()
    }
    assert (here["spec"], here["scopes"]) == (local["spec"], local["scopes"])


def test_everything_is_in_the_one_namespace() -> None:
    assert {
        each["metadata"]["namespace"] for each in rendered() if each["kind"] != "Namespace"
    } == {namespace()}


def test_every_selector_finds_its_app() -> None:
    for each in of_kind("Deployment"):
        assert selected(each["spec"]["selector"]["matchLabels"]) == [title(each)]
    for each in of_kind("PodDisruptionBudget"):
        assert selected(each["spec"]["selector"]["matchLabels"]) == [title(each)]
    for each in of_kind("Service"):
        assert selected(each["spec"]["selector"]) == [title(each)]
    for each in of_kind("NetworkPolicy"):
        selector = each["spec"]["podSelector"]
        assert selected(selector.get("matchLabels", {})), title(each)
        for expression in selector.get("matchExpressions", []):
            assert set(expression["values"]) <= set(LOCAL), title(each)
    assert {title(each) for each in of_kind("PodDisruptionBudget")} == set(LOCAL)


def test_no_secret_is_kept_here_and_the_steps_create_each_one() -> None:
    assert of_kind("Secret") == []
    steps = (PROJECT / "docs" / "kubernetes.md").read_text()
    for name, key in sorted(set(secret_keys())):
        assert f"create secret generic {name} " in steps
        assert f"--from-literal={key}=" in steps


def test_every_pod_is_restricted() -> None:
    for app_id, pod in pods().items():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"]
        assert context["seccompProfile"]["type"] == "RuntimeDefault"
        assert apps()[app_id]["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def is_of_dapr(resource: Resource) -> bool:
    return str(resource["apiVersion"]).startswith("dapr.io/")


def title(resource: Resource) -> str:
    return str(resource["metadata"]["name"])


def fault_of(resource: Resource, version: str) -> str | None:
    try:
        kubernetes_validate.validate(resource, version, strict=True)
    except kubernetes_validate.ValidationError as fault:
        return str(fault.message)
    return None


def dapr_faults(resource: Resource) -> list[str]:
    validator = jsonschema_rs.validator_for(manifests.dapr_schemas()[resource["kind"]])
    return [fault.message for fault in validator.iter_errors(resource)]


def misspelt(kind: str) -> Resource:
    resource = of_kind(kind)[0]
    return resource | {"spec": resource["spec"] | {"misspelt": 1}}


def namespace() -> str:
    [found] = of_kind("Namespace")
    return title(found)


def pods() -> dict[str, dict[str, Any]]:
    return {title(each): each["spec"]["template"] for each in of_kind("Deployment")}


def apps() -> dict[str, dict[str, Any]]:
    found = {}
    for app_id, pod in pods().items():
        [found[app_id]] = pod["spec"]["containers"]
    return found


def selected(labels: dict[str, str]) -> list[str]:
    return [n for n, pod in pods().items() if labels.items() <= pod["metadata"]["labels"].items()]


def settings(base: type[BaseSettings] = BaseSettings) -> set[str]:
    """Return the names of all environment variables that are read by what has been imported."""
    own = {name.upper() for name in base.model_fields}
    return own.union(*(settings(each) for each in base.__subclasses__()))


def metadata(component: Resource) -> dict[str, Any]:
    return {item["name"]: item for item in component["spec"]["metadata"]}


def secret_keys() -> Iterator[tuple[str, str]]:
    for component in of_kind("Component"):
        for item in component["spec"]["metadata"]:
            if "secretKeyRef" in item:
                yield item["secretKeyRef"]["name"], item["secretKeyRef"]["key"]


def local_resource(kind: str) -> Resource:
    """Return a copy of the local system's only resource of a kind."""
    [found] = [each for each in manifests.local_resources() if each["kind"] == kind]
    return yaml.safe_load(yaml.safe_dump(found))  # type: ignore[no-any-return]
