"""Every system's Kubernetes manifests: well-formed, and in step with the local system."""

import importlib
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import kubernetes_validate
import pytest
from pydantic_settings import BaseSettings

from orchestrator.trip import TRIP
from runtime import systems
from runtime.secure.access import SIGNED
from systems.orders.fulfilment import ORDER
from systems.pipeline.release import RUN
from tests.support import manifests
from tests.support.allowed import asking
from tests.support.manifests import PROJECT, Deployed, Resource, title

OLDEST, NEWEST = "1.30", "1.37"
NAME = "app.kubernetes.io/name"
MAIL_SINK = {"MAIL_SINK_PORT", "MAIL_SINK_FOLDER"}
SYSTEMS = systems.every(PROJECT)


@pytest.fixture(params=SYSTEMS, ids=lambda known: known.name)
def there(request: pytest.FixtureRequest) -> Deployed:
    return Deployed(request.param)


def test_the_files_are_what_the_command_makes(there: Deployed) -> None:
    folder = there.made.folder
    paths = {path for path in folder.rglob("*") if path.is_file()}
    assert {str(p.relative_to(folder)): p.read_text() for p in paths} == there.made.made()


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_what_is_of_kubernetes_is_as_its_schemas_say(there: Deployed, version: str) -> None:
    checked = [each for each in there.rendered if not is_of_dapr(each)]
    assert {title(each): fault for each in checked if (fault := fault_of(each, version))} == {}


def test_what_is_of_dapr_is_as_its_schemas_say(there: Deployed) -> None:
    checked = [each for each in there.rendered if is_of_dapr(each)]
    assert {title(each): faults for each in checked if (faults := dapr_faults(each))} == {}


@pytest.mark.parametrize("kind", ["Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget"])
def test_a_field_that_kubernetes_does_not_know_is_found(there: Deployed, kind: str) -> None:
    assert fault_of(misspelt(there, kind), NEWEST)


@pytest.mark.parametrize(
    "kind", ["Component", "Configuration", "Resiliency", "WorkflowAccessPolicy"]
)
def test_a_field_that_dapr_does_not_know_is_found(there: Deployed, kind: str) -> None:
    assert dapr_faults(misspelt(there, kind))


def test_dapr_knows_every_annotation(there: Deployed) -> None:
    used = {name for pod in there.pods.values() for name in pod["metadata"]["annotations"]}
    assert used - manifests.dapr_annotations() == set()


def test_the_components_know_all_their_metadata(there: Deployed) -> None:
    for component in there.of_kind("Component"):
        known = manifests.component_metadata(
            component["spec"]["type"], component["spec"]["version"]
        )
        assert set(metadata(component)) - known == set(), title(component)


def test_each_app_is_started_as_in_the_local_system(there: Deployed) -> None:
    started = {
        app_id: ["python", "-m", "uvicorn", *app["args"]] for app_id, app in there.apps.items()
    }
    assert started == {
        app_id: ["python", *app["command"][1:]] for app_id, app in there.local.items()
    }


def test_each_sidecar_finds_its_app(there: Deployed) -> None:
    for app_id, pod in there.pods.items():
        annotations = pod["metadata"]["annotations"]
        port = there.local[app_id]["appPort"]
        assert annotations["dapr.io/app-id"] == app_id == pod["metadata"]["labels"][NAME]
        assert annotations["dapr.io/app-port"] == str(port)
        assert there.apps[app_id]["ports"] == [{"name": "http", "containerPort": port}]
        assert annotations["dapr.io/config"] == app_id
    assert sorted(map(title, there.of_kind("Configuration"))) == sorted(there.local)


TERMS = {name.upper() for kind in (TRIP, ORDER, RUN) for name in kind.terms.model_fields}


def test_each_environment_variable_is_one_that_an_app_reads(there: Deployed) -> None:
    for app_id, app in there.apps.items():
        module = app["args"][0].partition(":")[0]
        if not PROJECT.joinpath(*module.split(".")).with_suffix(".py").is_file():
            pytest.skip(f"{module} is not written yet")
        importlib.import_module(module)
        # uvicorn takes its options from UVICORN_… too.
        known = settings() | TERMS
        assert {item["name"] for item in app["env"]} - known == {"UVICORN_HOST"}, app_id


def test_what_the_local_system_sets_is_set_here_too(there: Deployed) -> None:
    for app_id, app in there.apps.items():
        values = {item["name"]: item.get("value") for item in app["env"]}
        local = {n: v for n, v in there.local[app_id].get("env", {}).items() if n not in MAIL_SINK}
        assert (local | there.set_otherwise(app_id)).items() <= values.items()


def test_components_have_the_names_and_users_of_the_local_ones(there: Deployed) -> None:
    def users(resources: list[Resource]) -> dict[str, list[str]]:
        components = [each for each in resources if each["kind"] == "Component"]
        return {
            title(each): each.get("scopes", [])
            for each in components
            if not each["spec"]["type"].startswith("secretstores.")  # the cluster has its own
        }

    assert users(there.rendered) == users(there.local_resources)


def test_the_same_store_keeps_the_workflows(there: Deployed) -> None:
    def actor_stores(resources: list[Resource]) -> list[str]:
        components = [each for each in resources if each["kind"] == "Component"]
        return [title(each) for each in components if "actorStateStore" in metadata(each)]

    assert actor_stores(there.rendered) == actor_stores(there.local_resources)


def test_the_configuration_is_the_local_one_but_for_names_secrets_and_shutdown(
    there: Deployed,
) -> None:
    local = there.local_resource("Configuration")["spec"]
    del local["nameResolution"], local["secrets"]
    local["api"]["allowed"].append({"name": "shutdown", "version": "v1", "protocol": "http"})
    for here in there.of_kind("Configuration"):
        of_security = ("accessControl", "features")
        assert {k: v for k, v in here["spec"].items() if k not in of_security} == local


def test_sidecars_allow_exactly_the_calls_of_the_steps(there: Deployed) -> None:
    system = asking(there.known)
    here = {title(each): each for each in there.of_kind("Configuration")}
    assert system.allowed(here) == system.needed()
    for each in here.values():
        policies = each["spec"]["accessControl"]["policies"]
        assert {policy["namespace"] for policy in policies} <= {there.namespace}


def test_workflows_are_the_orchestrators_own_and_their_histories_signed(there: Deployed) -> None:
    policies = {title(each): each for each in there.of_kind("WorkflowAccessPolicy")}
    orchestrators = asking(there.known).orchestrators
    for orchestrator in orchestrators:
        own = policies[f"{orchestrator.kind.app_id}-workflows"]
        assert own["scopes"] == [orchestrator.kind.app_id]
        [rule] = own["spec"]["rules"]
        assert {each["name"] for each in rule["activities"]} == orchestrator.activities()
    owners = {each.kind.app_id for each in orchestrators}
    assert {*owners, *policies["no-workflows"]["scopes"]} == set(there.local)
    for each in there.of_kind("Configuration"):
        assert {"name": SIGNED, "enabled": True} in each["spec"]["features"]


def test_apps_and_sidecars_show_each_other_tokens_of_their_own(there: Deployed) -> None:
    for app_id, pod in there.pods.items():
        annotations = pod["metadata"]["annotations"]
        env = {item["name"]: item for item in there.apps[app_id]["env"]}
        for variable, of in (("DAPR_API_TOKEN", "api"), ("APP_API_TOKEN", "app")):
            secret = {"name": f"{app_id}-{of}-token", "key": "token"}
            assert annotations[f"dapr.io/{of}-token-secret"] == secret["name"]
            assert env[variable]["valueFrom"] == {"secretKeyRef": secret}


def test_resiliency_is_the_local_one_with_breakers_in_this_namespace(there: Deployed) -> None:
    local = there.local_resource("Resiliency")
    [here] = there.of_kind("Resiliency")
    targets = local["spec"]["targets"]
    targets["apps"] = {
        name.replace(".default", f".{there.namespace}"): target
        for name, target in targets["apps"].items()
    }
    assert (here["spec"], here["scopes"]) == (local["spec"], local["scopes"])


def test_everything_is_in_the_one_namespace(there: Deployed) -> None:
    assert {
        each["metadata"]["namespace"] for each in there.rendered if each["kind"] != "Namespace"
    } == {there.namespace}


def test_every_selector_finds_its_app(there: Deployed) -> None:
    for each in there.of_kind("Deployment"):
        assert there.selected(each["spec"]["selector"]["matchLabels"]) == [title(each)]
    for each in there.of_kind("PodDisruptionBudget"):
        assert there.selected(each["spec"]["selector"]["matchLabels"]) == [title(each)]
    for each in there.of_kind("Service"):
        assert there.selected(each["spec"]["selector"]) == [title(each)]
    for each in there.of_kind("NetworkPolicy"):
        selector = each["spec"]["podSelector"]
        assert there.selected(selector.get("matchLabels", {})), title(each)
        for expression in selector.get("matchExpressions", []):
            assert set(expression["values"]) <= set(there.local), title(each)
    assert {title(each) for each in there.of_kind("PodDisruptionBudget")} == set(there.local)


def test_no_secret_is_kept_here_and_the_command_names_each_one(there: Deployed) -> None:
    assert there.of_kind("Secret") == []
    created = {(secret.name, key) for secret in there.made.secrets for key in secret.keys}
    assert created == set(secret_keys(there))


def test_the_steps_create_each_secret_of_trips() -> None:
    steps = (PROJECT / "docs" / "kubernetes.md").read_text()
    for name, key in sorted(set(secret_keys(Deployed(systems.find(PROJECT))))):
        assert f"create secret generic {name} " in steps
        assert f"--from-literal={key}=" in steps


def test_every_pod_is_restricted(there: Deployed) -> None:
    for app_id, pod in there.pods.items():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"]
        assert context["seccompProfile"]["type"] == "RuntimeDefault"
        assert there.apps[app_id]["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def is_of_dapr(resource: Resource) -> bool:
    return str(resource["apiVersion"]).startswith("dapr.io/")


def fault_of(resource: Resource, version: str) -> str | None:
    try:
        kubernetes_validate.validate(resource, version, strict=True)
    except kubernetes_validate.ValidationError as fault:
        return str(fault.message)
    return None


def dapr_faults(resource: Resource) -> list[str]:
    validator = jsonschema_rs.validator_for(manifests.dapr_schemas()[resource["kind"]])
    return [fault.message for fault in validator.iter_errors(resource)]


def misspelt(there: Deployed, kind: str) -> Resource:
    resource = there.of_kind(kind)[0]
    return resource | {"spec": resource["spec"] | {"misspelt": 1}}


def settings(base: type[BaseSettings] = BaseSettings) -> set[str]:
    """Return the names of all environment variables that are read by what has been imported."""
    own = {name.upper() for name in base.model_fields}
    return own.union(*(settings(each) for each in base.__subclasses__()))


def metadata(component: Resource) -> dict[str, Any]:
    return {item["name"]: item for item in component["spec"]["metadata"]}


def secret_keys(there: Deployed) -> Iterator[tuple[str, str]]:
    for component in there.of_kind("Component"):
        for item in component["spec"]["metadata"]:
            if "secretKeyRef" in item:
                yield item["secretKeyRef"]["name"], item["secretKeyRef"]["key"]
    for app in there.apps.values():
        for item in app["env"]:
            if secret := item.get("valueFrom", {}).get("secretKeyRef"):
                yield secret["name"], secret["key"]
