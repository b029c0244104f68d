"""The identity provider that a system may bring, to try the people at its door out."""

import subprocess
import sys
from pathlib import Path

from runtime import template
from runtime.errors import SetupError
from runtime.service import Service, answers

HOST = "localhost"  # browsers keep cookies by host: it is to be the one that the console is at
CLIENT = "console"
KEYS = "data/people.json"


def url(port: int) -> str:
    """Return the issuer: where it is, as its tokens name it."""
    return f"http://{HOST}:{port}"


def environment(port: int) -> dict[str, str]:
    """Return by which environment an orchestrator has people log in there, or bring a key."""
    known = {"OIDC_ISSUER": url(port), "OIDC_CLIENT_ID": CLIENT, "OIDC_ALGORITHMS": '["ES256"]'}
    return {"PEOPLE": KEYS} | known


def passwords(home: Path) -> Path:
    """Return the file that has the passwords of the demo's people."""
    return folder(home) / "passwords.txt"


def folder(home: Path) -> Path:
    """Return where it keeps whom it knows."""
    return home / "data" / "identity"


def set_up(project: Path, home: Path, orchestrator: str, console: int) -> None:
    """Make the demo's people unless there are some, and the console at this port known. Raises
    SetupError."""
    keys = home / KEYS
    if not keys.exists():  # there are none yet: `python -m sagas.people add` makes them
        keys.touch(mode=0o600)
        keys.write_text('{"keys": []}')
    hosts = ("localhost", "127.0.0.1")
    redirects = [f"--redirect=http://{host}:{console}/login/done" for host in hosts]
    about = ["--audience", orchestrator, "--client", CLIENT, "--folder", str(folder(home))]
    made = subprocess.run(
        [sys.executable, "-m", "services.identity", "demo", *about, *redirects],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise SetupError(f"The identity provider cannot be set up: {made.stderr}")


def service(project: Path, home: Path, port: int) -> Service:
    """Return the provider, to listen at this port of loopback."""
    command = [sys.executable, "-m", "uvicorn", "services.identity.app:app", "--port", str(port)]
    env = {"IDENTITY_ISSUER": url(port), "IDENTITY_FOLDER": str(folder(home))}
    return Service(
        "identity",
        [*command, "--no-access-log"],
        {port: "the identity provider"},
        answers(f"http://127.0.0.1:{port}/readyz"),
        env | template.imports(project),
    )
