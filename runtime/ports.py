"""Ports: which ones a system needs, whether they are free, and who has them."""

import socket
from collections.abc import Mapping

import psutil

from runtime.errors import SetupError

EPHEMERAL_FROM = 32768


def shifted(port: int, by: int) -> int:
    """Return where ``port`` lies in a system shifted by ``by``; 0 shifts nothing.

    Dapr's own high ports (50005, 50006) come down first, below the range that the operating system
    hands out by itself.
    """
    if by == 0 or port == 0:
        return port
    return (port if port < EPHEMERAL_FROM else port - 30000) + by


def listening(port: int) -> bool:
    """Say whether somebody listens on ``port`` of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def require_free(ports: Mapping[int, str]) -> None:
    """Check that nobody listens on the ports, given with what each is for. Raises SetupError."""
    taken = [f"{port} ({what}){_holder(port)}" for port, what in ports.items() if listening(port)]
    if taken:
        raise SetupError(
            f"Taken already: port {', port '.join(taken)}. End what uses it, or change the port in "
            "dapr.yaml."
        )


def _holder(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.Error:
        return ""
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,):
            return _named(connection.pid)
    return ""


def _named(pid: int | None) -> str:
    try:
        return f", by {psutil.Process(pid).name()} (process {pid})" if pid else ""
    except psutil.Error:
        return ""
