"""Zipkin, where traces can be looked at: brought by Maven, kept in the cache, run on loopback."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import httpx

from runtime import logs, processes
from runtime.build import cache_folder
from runtime.errors import SetupError
from runtime.ports import require_free

PORT = 9411
_VERSION = "3.5.1"
_ARTIFACT = f"io.zipkin:zipkin-server:{_VERSION}:jar:exec"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"


def url(port: int = PORT) -> str:
    return f"http://127.0.0.1:{port}"


def answers(port: int = PORT) -> bool:
    """Return whether a Zipkin is up."""
    try:
        return httpx.get(f"{url(port)}/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


def start(home: Path, port: int = PORT) -> subprocess.Popen[bytes]:
    """Start Zipkin as a process of the system in ``home``; it keeps traces in memory.

    Raises SetupError when there is no Java or Maven, or the port is taken.
    """
    jar = _jar()
    require_free({port: "Zipkin"})
    log = logs.folder(home) / "zipkin.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    where = {"ip": "127.0.0.1", "port": port, "protocols[0]": "http"}
    options = [f"-Darmeria.ports[0].{name}={value}" for name, value in where.items()]
    command: list[str | Path] = ["java", "-Xmx512m", *options, "-jar", jar]
    return processes.spawn(command, home, log, {}, home)


def _jar() -> Path:
    jar = cache_folder() / f"zipkin-server-{_VERSION}-exec.jar"
    _require("java", "Zipkin is a Java program; install a Java runtime of version 17 or newer")
    if not jar.is_file():
        _require("mvn", "Zipkin's server is on Maven Central; install Maven to fetch it")
        print(f"Fetching Zipkin {_VERSION} (130 MB) …", flush=True)
        _fetch(jar)
    return jar


def _fetch(jar: Path) -> None:
    jar.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jar.parent) as folder:
        command = ["mvn", "-q", "-B", _COPY, f"-Dartifact={_ARTIFACT}"]
        done = subprocess.run(
            [*command, f"-DoutputDirectory={folder}"], cwd=folder, capture_output=True, text=True
        )
        if done.returncode:
            raise SetupError(f"Maven could not fetch {_ARTIFACT}:\n{done.stdout[-800:]}")
        (Path(folder) / jar.name).rename(jar)


def _require(program: str, else_say: str) -> None:
    if shutil.which(program) is None:
        raise SetupError(f"There is no `{program}`. {else_say}.")
