"""A process that a system brings besides its apps and their sidecars."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx


@dataclass(frozen=True)
class Service:
    """How it is started, which ports it takes, and when it is ready."""

    name: str
    command: list[str]
    ports: dict[int, str]
    is_ready: Callable[[], bool]
    env: dict[str, str] = field(default_factory=dict)


def answers(url: str) -> Callable[[], bool]:
    """Return a check that a GET of ``url`` succeeds."""

    def check() -> bool:
        try:
            return httpx.get(url, timeout=2).is_success
        except httpx.HTTPError:
            return False

    return check


def log_of(home: Path, service: Service) -> Path:
    return home / ".dapr" / "logs" / f"{service.name}.log"
