"""Ports of loopback that nobody listens on just now."""

import socket
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """Return so many ports that are free."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
