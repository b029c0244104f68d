"""The sample: a small web app in a git repository of its own, with a branch for each way to fail.

It is made on the first run, always the same: each branch has the same commit on every machine.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import HEADREF, Ref
from dulwich.repo import Repo

_WHO = b"Ada Example <ada@builds.example>"
_AT = 1_735_689_600  # 2025-01-01T00:00:00Z

_SERVER = '''"""A small web app: it greets, says how it is, and which release it is."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hello.greeting import greet


def healthy() -> bool:
    return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._answer(200 if healthy() else 500, {"healthy": healthy()})
        elif self.path == "/version":
            names = ("RELEASE", "ENVIRONMENT")
            self._answer(200, {name.lower(): os.environ.get(name, "") for name in names})
        else:
            self._answer(200, {"says": greet("world")})

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, status: int, content: dict) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''

_PROJECT = """[project]
name = "hello"
version = "1.0.0"
description = "The sample of the pipeline"

[project.scripts]
serve = "hello.server:main"

[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[tool.setuptools]
packages = ["hello"]
"""

_GREETING = """def greet(name: str) -> str:
    return f"Hello, {name}!"
"""

_TEST = """from hello.greeting import greet


def test_it_greets_by_name():
    assert greet("Ada") == "Hello, Ada!"
"""

_INTEGRATION = """import json
import os
from http.client import HTTPConnection

HOST = os.environ["BASE_URL"].removeprefix("http://")


def get(path):
    staging = HTTPConnection(HOST, timeout=5)
    staging.request("GET", path)
    return json.load(staging.getresponse())


def test_the_release_that_was_deployed_answers():
    assert get("/version") == {"release": os.environ["RELEASE"], "environment": "staging"}


def test_it_greets():
    assert get("/")["says"].startswith("Hello")
"""

MAIN = {
    "README.md": "# Hello\n\nA sample of an app that the pipeline builds, tests and deploys.\n",
    "pyproject.toml": _PROJECT,
    "requirements.txt": "markupsafe==3.0.4\n",
    "hello/__init__.py": '"""A small web app."""\n',
    "hello/greeting.py": _GREETING,
    "hello/server.py": _SERVER,
    "tests/test_greeting.py": _TEST,
    "integration/test_staging.py": _INTEGRATION,
}

_STUBBORN = """import subprocess
import sys
import time

NAPS = "import time; time.sleep(600)"


def test_it_takes_long_and_leaves_processes_everywhere():
    subprocess.Popen([sys.executable, "-c", NAPS])
    subprocess.Popen([sys.executable, "-c", NAPS], start_new_session=True)
    print("napping", flush=True)
    time.sleep(600)
"""

_SLOW_BUILD = """import subprocess
import sys
import time

from setuptools.build_meta import *

NAPS = "import time; time.sleep(600)"


def build_wheel(*_, **__):
    subprocess.Popen([sys.executable, "-c", NAPS])
    subprocess.Popen([sys.executable, "-c", NAPS], start_new_session=True)
    time.sleep(600)
"""

_SHELL = """import subprocess


def run(line):
    return subprocess.call(line, shell=True)
"""


def _server(health: str, more: str = "") -> str:
    return _SERVER.replace("    return True\n", f"    return {health}\n").replace(
        "import os\n", f"import os\n{more}", 1
    )


_IN_PRODUCTION = 'os.environ.get("ENVIRONMENT") == "production"'
_UNTIL = "import time\nBEGAN = time.monotonic()\n"

BRANCHES: Mapping[str, Mapping[str, str]] = {
    "main": {},
    "next": {"hello/greeting.py": _GREETING.replace("!", ", nice to meet you!")}
    | {"tests/test_greeting.py": _TEST.replace("Ada!", "Ada, nice to meet you!")},
    "fails-tests": {"hello/greeting.py": _GREETING.replace("Hello", "Goodbye")},
    "fails-build": {"pyproject.toml": _PROJECT.replace("[project]", "[project")},
    "fails-scan": {"hello/shell.py": _SHELL},
    "leaks-secret": {"hello/settings.py": f'ACCESS_KEY = "{"AKIA" + "Z7QXVJ3M5LPA2RTW"}"\n'},
    "has-advisory": {"requirements.txt": "jinja2==3.1.2\n"},
    "is-unknown": {"requirements.txt": "a-package-that-nobody-knows==1.0\n"},
    "fails-staging": {"integration/test_staging.py": "def test_it():\n    raise AssertionError\n"},
    "sick-in-production": {"hello/server.py": _server(f"not {_IN_PRODUCTION}")},
    "fades-in-production": {
        "hello/server.py": _server(
            f"not ({_IN_PRODUCTION} and time.monotonic() - BEGAN > 1.5)", _UNTIL
        )
    },
    "builds-long": {
        "slow.py": _SLOW_BUILD,
        "pyproject.toml": _PROJECT.replace(
            '"setuptools.build_meta"', '"slow"\nbackend-path = ["."]'
        ),
    },
    "takes-long": {"tests/test_greeting.py": _STUBBORN},
    "fails-meanwhile": {"tests/test_greeting.py": _STUBBORN, "hello/shell.py": _SHELL},
}
"""What each branch changes of the first one."""


def make(path: Path) -> None:
    """Make the repository, unless it is there."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as aside:
        repo = Repo.init_bare(aside)
        first = _commit(repo, MAIN, None, "The first release")
        for branch, changes in BRANCHES.items():
            about = f"What {branch.replace('-', ' ')}"
            tip = _commit(repo, {**MAIN, **changes}, first, about) if changes else first
            repo.refs[Ref(b"refs/heads/" + branch.encode())] = tip
        repo.refs.set_symbolic_ref(HEADREF, Ref(b"refs/heads/main"))
        repo.close()
        if not path.exists():
            shutil.copytree(aside, path)


def _commit(repo: Repo, files: Mapping[str, str], parent: ObjectID | None, says: str) -> ObjectID:
    folders: dict[str, dict[str, str]] = {}
    for name, text in files.items():
        folder, _, leaf = name.rpartition("/")
        folders.setdefault(folder, {})[leaf] = text
    root = Tree()
    for folder, inside in sorted(folders.items()):
        tree = Tree() if folder else root
        for leaf, text in inside.items():
            blob = Blob.from_string(text.encode())
            repo.object_store.add_object(blob)
            tree.add(leaf.encode(), 0o100644, blob.id)
        if folder:
            repo.object_store.add_object(tree)
            root.add(folder.encode(), 0o040000, tree.id)
    repo.object_store.add_object(root)
    commit = Commit()
    commit.tree, commit.parents = root.id, [parent] if parent else []
    commit.author = commit.committer = _WHO
    commit.author_time = commit.commit_time = _AT + (3600 if parent else 0)
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding, commit.message = b"UTF-8", says.encode()
    repo.object_store.add_object(commit)
    return commit.id
