"""Requests to apps and sidecars of a running system, with the tokens that a secure one wants."""

import httpx

from runtime.system import System


def app(system: System, app_id: str, timeout: float = 60) -> httpx.Client:
    """Return a client of an app."""
    headers = system.app_headers(app_id)
    return httpx.Client(base_url=system.app_url(app_id), headers=headers, timeout=timeout)


def sidecar(system: System, app_id: str, timeout: float = 60) -> httpx.Client:
    """Return a client of the sidecar of an app."""
    headers = system.sidecar_headers(app_id)
    return httpx.Client(base_url=system.sidecar_url(app_id), headers=headers, timeout=timeout)
