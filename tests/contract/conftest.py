"""Contract tests speak only HTTP, to one service at a time."""

import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest

from runtime.system import System
from tests.support import reach


@pytest.fixture
def client_of(system: System) -> Iterator[Callable[[str], httpx.Client]]:
    """Give a client of the service with an app-id."""
    clients: list[httpx.Client] = []

    def client(app_id: str) -> httpx.Client:
        clients.append(reach.app(system, app_id, timeout=30))
        return clients[-1]

    yield client
    for opened in clients:
        opened.close()


@pytest.fixture
def new_id() -> Callable[[], str]:
    """Make ids that nobody used."""
    return lambda: f"contract-{uuid.uuid4()}"
