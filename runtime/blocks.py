"""A block of ports for one more system on this machine: all free, and held until it ends.

The real systems have the ports of their dapr.yaml. A test's or a bench's are all so much higher
that it meets neither those, nor another, nor whatever else runs here.
"""

import socket
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from runtime import beside, systems, template, zipkin
from runtime.errors import SetupError
from runtime.ports import EPHEMERAL_FROM, listening, shifted
from runtime.template import Changes

_SHIFTS = range(6_000, 12_750, 50)  # from above the real systems to below what is handed out


@contextmanager
def on_free_ports(
    project: Path, changes: Changes, more: Iterable[int] = (), name: str = systems.TRIPS
) -> Iterator[Changes]:
    """Yield the changes, shifted to ports that are free, and hold these until the end.

    ``more`` are ports of what runs beside the system, as they would be unshifted; ``name`` is the
    system's. Raises SetupError when there is no room.
    """
    with held(needed(project, changes, name) | {*more}, pinned(project)) as by:
        yield replace(changes, by=by)


def pinned(project: Path) -> set[int]:
    """Return every port that the real systems may take, with all the replicas they may have."""
    most = Changes(replicas=template.MOST_REPLICAS)
    return set[int]().union(*(needed(project, most, each.name) for each in systems.every(project)))


def needed(project: Path, changes: Changes, name: str = systems.TRIPS) -> set[int]:
    """Return every port that an unshifted system may take, its database and Zipkin included."""
    read = template.read(systems.find(project, name).template)
    apps = {*read.ports, *(app.port + changes.proxied_by for app in read.apps)}
    replicas = {port + template.REPLICA_STEP * n for port in apps for n in range(changes.replicas)}
    return replicas | beside.of(read.placement_port, read.scheduler_port).every | {zipkin.PORT}


@contextmanager
def held(ports: Collection[int], apart_from: Collection[int] = ()) -> Iterator[int]:
    """Look for a shift that brings all the ports to free ones; yield it, and hold these.

    Whoever looks meanwhile, here or in another process, gets others. The unshifted ports and those
    in ``apart_from`` count as taken: a real system may start at any time. Raises SetupError when
    there is no such shift.
    """
    for by in _SHIFTS:
        block = sorted({shifted(port, by) for port in ports})
        with ExitStack() as claims:
            if _is_apart(block, {*ports, *apart_from}) and all(
                _claimed(port, claims) for port in block
            ):
                yield by
                return
    raise SetupError(f"There is no room on this machine for {len(ports)} more ports of a system.")


def _is_apart(block: list[int], taken: set[int]) -> bool:
    return block[-1] < EPHEMERAL_FROM and taken.isdisjoint(block)


def _claimed(port: int, claims: ExitStack) -> bool:
    """Claim a port until the end of ``claims``, unless somebody else has or listens there.

    A claim is the UDP port of the same number. A system speaks TCP alone, so it is not in its way;
    the operating system gives it to one only, and takes it back from a process that was killed.
    """
    claim = claims.enter_context(socket.socket(type=socket.SOCK_DGRAM))
    try:
        claim.bind(("127.0.0.1", port))
    except OSError:
        return False
    return not listening(port)
