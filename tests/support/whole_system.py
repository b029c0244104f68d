"""Fixtures of a running system that its tests share: real sidecars, ports of its own.

A system's conftest imports them, and says with a fixture ``under_test`` which system it is.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runtime import systems, template
from runtime.blocks import on_free_ports
from runtime.system import System
from runtime.template import Changes
from tests.support import fault_proxy
from tests.support.fault_proxy import PROXIED_BY, FaultProxy
from tests.support.running import running
from tests.support.variant import PROFILE, REPLICAS, SECURE

__all__ = ["PROJECT", "UnderTest", "beside", "changes", "home", "proxies", "system"]

PROJECT = Path(__file__).resolve().parents[2]

pytest.register_assert_rewrite("tests.support.every_call")  # so that it says what it has seen


@dataclass(frozen=True)
class UnderTest:
    """A system by its ``name``; ``env`` says by app-id what is set otherwise than in its
    dapr.yaml."""

    name: str
    env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return PROJECT / f".{self.name}-system"


@pytest.fixture(scope="session")
def home(under_test: UnderTest) -> Path:
    """The test system's folder, emptied; logs stay there to be looked at."""
    System(PROJECT, under_test.home, name=under_test.name).stop()  # what a killed test run left
    shutil.rmtree(under_test.home, ignore_errors=True)
    return under_test.home


@pytest.fixture(scope="session")
def changes(
    under_test: UnderTest,
    home: Path,  # noqa: ARG001 what was left there has no port any more
) -> Iterator[Changes]:
    """How the test system differs from the real one, on ports that stay its own."""
    wished = Changes(
        proxied_by=PROXIED_BY, env=under_test.env, profile=PROFILE, replicas=REPLICAS, secure=SECURE
    )
    with on_free_ports(PROJECT, wished, name=under_test.name) as placed:
        yield placed


@pytest.fixture(scope="session")
def proxies(under_test: UnderTest, changes: Changes) -> Iterator[dict[str, FaultProxy]]:
    """A proxy between each app and its sidecar."""
    apps = template.read(systems.find(PROJECT, under_test.name).template).apps
    with fault_proxy.one_for_each(apps, REPLICAS, changes.by) as proxies:
        yield proxies


@pytest.fixture(scope="session")
def system(
    under_test: UnderTest,
    proxies: dict[str, FaultProxy],  # noqa: ARG001 sidecars wait until something listens for the app
    changes: Changes,
    home: Path,
) -> Iterator[System]:
    """The whole system, started once, in a folder of its own."""
    with running(System(PROJECT, home, changes, say=print, name=under_test.name)) as system:
        yield system


@contextmanager
def beside(
    name: str, env: Mapping[str, Mapping[str, str]], people: bool = False
) -> Iterator[System]:
    """Let another system of this name run, set otherwise, in a folder and on ports of its own. At
    the door of one with ``people``, people are asked who they are."""
    home = PROJECT / f".{name}-{'people' if people else 'console'}-system"
    wished = Changes(env=env, people=people, secure=SECURE and not people)
    System(PROJECT, home, name=name).stop()  # what a killed test run left
    shutil.rmtree(home, ignore_errors=True)
    with (
        on_free_ports(PROJECT, wished, name=name) as changes,
        running(System(PROJECT, home, changes, say=print, name=name)) as system,
    ):
        yield system
