"""dapr.yaml as it is, and its copy with every port shifted."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime import beside, control_plane, template
from runtime.dapr import Dapr
from runtime.errors import SetupError
from runtime.ports import require_free, shifted
from runtime.system import System
from runtime.template import Changes

PROJECT = Path(__file__).resolve().parents[2]
# As the documents name them.
PORTS = {
    "trip-orchestrator": (8080, 3500, 4500, 5500, 9100),
    "flight-service": (8101, 3501, 4501, 5501, 9101),
    "hotel-service": (8102, 3502, 4502, 5502, 9102),
    "payment-service": (8103, 3503, 4503, 5503, 9103),
    "notification-service": (8104, 3504, 4504, 5504, 9104),
}


def test_the_template_pins_the_ports_of_the_design() -> None:
    read = template.read(PROJECT / "dapr.yaml")
    pinned = {app.app_id: set(app.ports) for app in read.apps}
    assert {app: ports & pinned[app] for app, ports in _sets(PORTS).items()} == _sets(PORTS)
    assert (read.placement_port, read.scheduler_port) == (50005, 50006)


def test_a_shifted_system_shares_no_port_with_the_real_one(tmp_path: Path) -> None:
    copy = template.read(written(tmp_path, proxied_by=2_000))
    real = template.read(PROJECT / "dapr.yaml")
    dapr = Dapr(Path("dapr"), tmp_path, "made up")
    at = beside.of(real.placement_port, real.scheduler_port)
    planes = [control_plane.services(dapr, tmp_path, at.shifted(shift)) for shift in (0, 10_000)]
    of_real, of_copy = (
        set(read.ports) | {port for service in plane for port in service.ports}
        for read, plane in ((real, planes[0]), (copy, planes[1]))
    )
    assert len(of_real) == len(of_copy)
    assert not of_real & of_copy
    assert max(of_copy) < 32768


@pytest.mark.parametrize("shift", [0, 10_000])
def test_every_port_of_the_control_plane_is_known_before_it_starts(
    tmp_path: Path, shift: int
) -> None:
    dapr = Dapr(Path("dapr"), tmp_path, "made up")
    for service in control_plane.services(dapr, tmp_path, beside.of(50005, 50006).shifted(shift)):
        given = re.findall(r"(?:port |127\.0\.0\.1:)(\d+)(?:\s|$)", " ".join(service.command))
        assert set(service.ports) == set(map(int, given)), service.name


def test_a_traced_system_tells_sidecars_and_apps_where_spans_go(tmp_path: Path) -> None:
    path = written(tmp_path, zipkin="http://127.0.0.1:9411")
    spans = "http://127.0.0.1:9411/api/v2/spans"
    configuration = yaml.safe_load((tmp_path / "components" / "configuration.yaml").read_text())
    assert configuration["spec"]["tracing"] == {
        "samplingRate": "1",
        "zipkin": {"endpointAddress": spans},
    }
    envs = [app["env"]["ZIPKIN_ENDPOINT"] for app in yaml.safe_load(path.read_text())["apps"]]
    assert envs == [spans] * 5


def test_a_shifted_system_has_its_mails_go_to_its_own_sink(tmp_path: Path) -> None:
    path = written(tmp_path)
    mail = yaml.safe_load((tmp_path / "components" / "mail.yaml").read_text())
    metadata = {item["name"]: item.get("value") for item in mail["spec"]["metadata"]}
    apps = {app["appID"]: app for app in yaml.safe_load(path.read_text())["apps"]}
    assert metadata["port"] == apps["notification-service"]["env"]["MAIL_SINK_PORT"] == "18125"


def test_a_shifted_system_finds_its_apps_behind_the_proxies(tmp_path: Path) -> None:
    path = written(tmp_path, proxied_by=2_000, env={"flight-service": {"HOLD_SECONDS": "2"}})
    app = yaml.safe_load(path.read_text())["apps"][0]
    assert app["appPort"] == 20101
    assert app["command"][app["command"].index("--port") + 1] == "18101"
    assert app["env"]["HOLD_SECONDS"] == "2"


@pytest.mark.parametrize(
    ("port", "by", "to"), [(8080, 0, 8080), (8080, 5, 8085), (50005, 5, 20010)]
)
def test_high_ports_come_down_before_they_are_shifted(port: int, by: int, to: int) -> None:
    assert shifted(port, by) == to


def test_a_broken_component_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "components" / "flight-store.yaml").write_text("kind: [")
    with pytest.raises(SetupError, match=r"flight-store\.yaml cannot be read"):
        template.read(tmp_path / "dapr.yaml")
    (tmp_path / "components" / "flight-store.yaml").write_text("kind: Component")
    with pytest.raises(SetupError, match=r"flight-store\.yaml is not a Dapr resource"):
        template.read(tmp_path / "dapr.yaml")


def test_a_taken_port_is_named_with_what_it_is_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SetupError, match=rf"port {port} \(flight-service\), by .*process \d+"):
            require_free({port: "flight-service"})
    require_free({port: "flight-service"})


def test_replicas_have_ports_and_names_of_their_own(tmp_path: Path) -> None:
    read = template.read(written(tmp_path, replicas=template.MOST_REPLICAS))
    real = template.read(PROJECT / "dapr.yaml")
    assert len(read.apps) == len(real.apps) * template.MOST_REPLICAS
    assert len({app.name for app in read.apps}) == len(read.apps)
    sidecars = [port for app in read.apps for port in (app.port, app.sidecar_port)]
    assert len(set(sidecars)) == len(sidecars)
    every = [{p for p, what in app.ports.items() if "MAIL_SINK" not in what} for app in read.apps]
    assert len(set.union(*every)) == sum(map(len, every))


def test_the_environment_of_one_replica_is_that_of_its_app_and_its_own(tmp_path: Path) -> None:
    env = {"flight-service": {"HOLD_SECONDS": "2"}, "flight-service-2": {"FAKETIME": "+3s"}}
    apps = yaml.safe_load(written(tmp_path, replicas=2, env=env).read_text())["apps"]
    flights = [app["env"] for app in apps if app["appID"] == "flight-service"]
    assert [each["HOLD_SECONDS"] for each in flights] == ["2", "2"]
    assert [each.get("FAKETIME") for each in flights] == [None, "+3s"]
    assert not [app for app in apps if app["env"] not in flights and "FAKETIME" in app["env"]]


def test_components_of_a_profile_take_the_place_of_the_default_ones(tmp_path: Path) -> None:
    folder = written(tmp_path, profile="redis").parent / "components"
    kinds = {
        path.stem: yaml.safe_load(path.read_text())["spec"] for path in folder.glob("*-store*")
    }
    assert kinds["workflow-store"]["type"] == "state.redis"
    assert kinds["trip-store"]["type"] == "state.sqlite"


def test_a_profile_keeps_its_data_apart(tmp_path: Path) -> None:
    folder = written(tmp_path, profile="redis").parent / "components"
    files = [
        item["value"]
        for path in folder.glob("*-store.yaml")
        for item in yaml.safe_load(path.read_text())["spec"]["metadata"]
        if item["name"] == "connectionString"
    ]
    assert len(files) == 5
    assert all(file.startswith("data/redis/") for file in files)
    assert System(PROJECT, tmp_path, Changes(profile="redis")).data == tmp_path / "data" / "redis"


def test_a_profile_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no profile mongo; there are postgres, redis"):
        written(tmp_path, profile="mongo")


def written(home: Path, **changes: Any) -> Path:
    return template.write(PROJECT, home, home, Changes(by=10_000, **changes))


def _sets(ports: Mapping[str, tuple[int, ...]]) -> dict[str, set[int]]:
    return {app: set(pinned) for app, pinned in ports.items()}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("appPort: 8102", "appPort: 8101", "port 8101 twice: appPort of flight-service, and appP"),
        ('"8102"', '"8101"', "port 8101 twice: appPort of flight-service, and --port of hotel"),
        ("metricsPort: 9102", "metricsPort: 3502", "port 3502 twice: daprHTTPPort of hotel-servic"),
        ("    metricsPort: 9102\n", "", "says of hotel-service no metricsPort"),
        ('--port, "8102", ', "", "command of hotel-service needs --port"),
    ],
)
def test_a_port_that_is_given_twice_or_not_at_all_is_named(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    text = (PROJECT / "dapr.yaml").read_text()
    assert text.count(old) == 1
    (tmp_path / "dapr.yaml").write_text(text.replace(old, new))
    with pytest.raises(SetupError, match=why):
        template.read(tmp_path / "dapr.yaml")
