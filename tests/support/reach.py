"""Requests to apps and sidecars of a running system, with the tokens that a secure one wants."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import httpx

from runtime.system import System


def app(system: System, app_id: str, timeout: float = 60) -> httpx.Client:
    """Return a client of an app."""
    headers = system.app_headers(app_id)
    return httpx.Client(base_url=system.app_url(app_id), headers=headers, timeout=timeout)


@contextmanager
def apps(
    system: System, app_ids: Sequence[str], timeout: float = 60
) -> Iterator[dict[str, httpx.Client]]:
    """Open a client of each of these apps, by app-id."""
    with ExitStack() as stack:
        yield {id_: stack.enter_context(app(system, id_, timeout)) for id_ in app_ids}


def sidecar(system: System, app_id: str, timeout: float = 60) -> httpx.Client:
    """Return a client of the sidecar of an app."""
    headers = system.sidecar_headers(app_id)
    return httpx.Client(base_url=system.sidecar_url(app_id), headers=headers, timeout=timeout)
