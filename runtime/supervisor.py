"""A system under supervisord: what dies is started again, an app always with its sidecar.

supervisord's programs are placement, scheduler and, for each app, a `dapr run` of its own: that
ends both when the app or the sidecar dies, and supervisord starts both again. The programs are
made from dapr.yaml, so there is no second list of ports.
"""

import os
import shlex
import sys
from configparser import RawConfigParser
from pathlib import Path

from runtime import logs, processes, template
from runtime.dapr import Dapr
from runtime.service import Service
from runtime.template import Template

_FLAGS = {
    "appPort": "--app-port",
    "daprHTTPPort": "--dapr-http-port",
    "daprGRPCPort": "--dapr-grpc-port",
    "daprInternalGRPCPort": "--dapr-internal-grpc-port",
    "metricsPort": "--metrics-port",
    "configFilePath": "--config",
    "apiListenAddresses": "--dapr-listen-addresses",
    "placementHostAddress": "--placement-host-address",
    "schedulerHostAddress": "--scheduler-host-address",
    "logLevel": "--log-level",
}


def command(home: Path, read: Template, dapr: Dapr, plane: list[Service]) -> list[str]:
    """Write supervisord's configuration below ``home`` and return the command that runs it."""
    config = RawConfigParser()
    folder = home / ".dapr"
    config["supervisord"] = {
        "nodaemon": "true",
        "logfile": str(logs.folder(home) / "supervisord.log"),
        "pidfile": str(folder / "supervisord.pid"),
        "umask": "077",  # it sets its own, whatever it was started with
    }
    for service in plane:
        unit = _program(home, service.name, service.command, 1)
        if service.env:
            told = (f'{name}="{value}"' for name, value in service.env.items())
            unit["environment"] = ",".join(told).replace("%", "%%")
        config[f"program:{service.name}"] = unit
    for app in read.apps:
        words = [sys.executable, "-m", "runtime.supervisor", str(home), str(read.path)]
        words += [app.app_id, str(app.replica), str(dapr.cli)]
        config[f"program:{app.name}"] = _program(home, app.name, words, 2)
    path = folder / "supervisord.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        config.write(file)
    return [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(path)]


def _program(home: Path, name: str, words: list[str], priority: int) -> dict[str, str]:
    return {
        "command": shlex.join(words).replace("%", "%%"),
        "directory": str(home),
        "priority": str(priority),
        "autorestart": "true",
        "startsecs": "2",
        "startretries": "1000",  # it waits a second longer each time
        "stopasgroup": "true",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": str(logs.folder(home) / f"{name}.log"),
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": "2",
    }


def run_app(home: Path, path: Path, app_id: str, replica: int, cli: str) -> None:
    """Become the `dapr run` of one app, once nothing is left of an earlier one."""
    common, app = template.sections(path, app_id, replica)
    port = app["daprHTTPPort"]
    left = [
        process
        for process in processes.of_system(home)
        if processes.is_sidecar(process, port) or processes.is_app(process, port)
    ]
    processes.end(left, grace_seconds=1)
    words: list[str] = [cli, "run", "--app-id", app_id]
    for key, value in (common | app).items():
        words += [_FLAGS[key], str(value)] if key in _FLAGS else []
    for resources in common["resourcesPaths"]:
        words += ["--resources-path", resources]
    os.chdir(app["appDirPath"])
    os.execve(cli, [*words, "--", *app["command"]], os.environ | _environment(app))


def _environment(app: dict[str, object]) -> dict[str, str]:
    env = app.get("env")
    return {str(k): str(v) for k, v in env.items()} if isinstance(env, dict) else {}


if __name__ == "__main__":
    run_app(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5])
