"""The peers' own programs, apart from what the project needs: fetched once into `.bench`, or built
once into the user's cache, where Dapr's are too."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

from bench.site import PROJECT, TOOLS
from runtime import build
from runtime.build import Module
from runtime.errors import SetupError

PYTHON = TOOLS / "venv" / "bin" / "python"
RESTATE_VERSION = "1.7.12"
_REQUIREMENTS = PROJECT / "bench" / "requirements.txt"
_NODE = TOOLS / "node"
_PACKAGE = "@restatedev/restate-server"
_TEMPORAL = "github.com/temporalio/cli"
TEMPORAL = Module(
    "temporal",
    _TEMPORAL,
    (f"{_TEMPORAL}/cmd/temporal",),
    1297,
    f"-X {_TEMPORAL}/temporalcli.Version=",
    of="Temporal's dev server",
    pins=PROJECT / "bench",
)
"""Its command line, which has the dev server in it."""
TEMPORAL_VERSION = replace(TEMPORAL, pinned="go.temporal.io/server").version


def fetch_python() -> None:
    """Install the peers' Python packages. Raises SetupError."""
    wanted, installed = _REQUIREMENTS.read_text(), TOOLS / "venv" / "installed"
    if installed.is_file() and installed.read_text() == wanted:
        return
    print("Installing the peers' Python packages into .bench/venv …", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(TOOLS / "venv")])
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--requirement", str(_REQUIREMENTS)])
    installed.write_text(wanted)


def fetch_restate() -> None:
    """Install Restate's server. Raises SetupError, saying what is missing."""
    if _server():
        return
    if not shutil.which("npm") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing npm …", flush=True)
        _run(["apt-get", "update", "-qq"])
        _run(["apt-get", "install", "-y", "-qq", "npm"])
    if not shutil.which("npm"):
        raise SetupError(
            "There is no `npm`, which brings Restate's server. Install Node.js and npm, for "
            "example with your system's package manager."
        )
    print(f"Fetching Restate's server {RESTATE_VERSION} into .bench/node …", flush=True)
    npm = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
    _run([*npm, "--prefix", str(_NODE), f"{_PACKAGE}@{RESTATE_VERSION}"])
    restate_server()


def restate_server() -> Path:
    """Return Restate's server. Raises SetupError when there is none for this machine."""
    server = _server()
    if server is None:
        raise SetupError(f"{_PACKAGE} {RESTATE_VERSION} has no server for this machine.")
    return server


def temporal() -> Path:
    """Return Temporal's command line; build it into the user's cache if it is not there.

    Raises SetupError when there is no Go or the build fails.
    """
    return build.programs(TEMPORAL) / "temporal"


@cache
def pinned(package: str) -> str:
    """Return the version of a Python package in requirements.txt."""
    lines = _REQUIREMENTS.read_text().splitlines()
    return next(v for name, _, v in (line.partition("==") for line in lines) if name == package)


def _server() -> Path | None:
    return next(_NODE.glob(f"node_modules/{_PACKAGE}-*/bin/restate-server"), None)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"`{' '.join(command)}` failed:\n{done.stderr[-800:]}")
