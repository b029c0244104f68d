"""Ports for one more system: all that it takes, free, and its own as long as it wants them."""

import random
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest

from runtime import beside, control_plane, systems, template, zipkin
from runtime.blocks import held, needed, on_free_ports, pinned
from runtime.dapr import Dapr
from runtime.errors import SetupError
from runtime.ports import listening, shifted
from runtime.template import Changes

PROJECT = Path(__file__).resolve().parents[2]
LOOK = """
import sys
from runtime.blocks import held
with held({int(port) for port in sys.argv[1:]}) as by:
    print(by, flush=True)
    input()
"""


SYSTEMS = [known.name for known in systems.every(PROJECT)]


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_block_has_every_port_that_a_system_takes(tmp_path: Path, name: str) -> None:
    changes = Changes(by=10_000, proxied_by=2_000, replicas=template.MOST_REPLICAS)
    real = template.read(systems.find(PROJECT, name).template)
    read = template.read(template.write(PROJECT, tmp_path, tmp_path, changes, name))
    at = beside.of(real.placement_port, real.scheduler_port).shifted(changes.by)
    plane = control_plane.services(Dapr(Path("dapr"), tmp_path, "made up"), tmp_path, at)
    taken = {app.port + changes.proxied_by for app in read.apps}
    taken |= {*read.ports, *(port for service in plane for port in service.ports)}
    taken |= {at.postgres, at.redis, shifted(zipkin.PORT, changes.by)}
    assert (read.placement_port, read.scheduler_port) == (at.placement, at.scheduler)
    assert taken <= moved(needed(PROJECT, changes, name), changes.by)


def test_all_systems_can_run_at_once_with_replicas_and_databases() -> None:
    """Only Zipkin is one for all. What is not Dapr's own port is below those that the operating
    system hands out."""
    changes = Changes(replicas=3)
    blocks = [needed(PROJECT, changes, name) - {zipkin.PORT} for name in SYSTEMS]
    assert len(SYSTEMS) > 1
    together = set.union(*blocks, {zipkin.PORT})
    assert len(together) == sum(map(len, blocks)) + 1
    assert {port for port in together if port >= 32768} == {50005, 50006}


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_port_of_a_system_is_pinned_twice(name: str) -> None:
    read = template.read(systems.find(PROJECT, name).template)
    at = beside.of(read.placement_port, read.scheduler_port)
    assert len(read.ports) == sum(len(app.ports) for app in read.apps)
    assert len(at.every) == len(fields(at))
    assert at.every.isdisjoint(read.ports)


def test_a_test_meets_no_port_of_another_real_system() -> None:
    [port, another] = somewhere()
    with held([port]) as by:
        pass
    with held([port], apart_from={port + by, another}) as elsewhere:
        assert elsewhere != by
    assert pinned(PROJECT) >= set.union(*(needed(PROJECT, Changes(), name) for name in SYSTEMS))


def test_blocks_meet_neither_each_other_nor_the_real_system() -> None:
    ports = needed(PROJECT, Changes())
    with held(ports) as one, held(ports) as another:
        blocks = [ports, moved(ports, one), moved(ports, another)]
    assert len(set.union(*blocks)) == sum(map(len, blocks))
    assert max(blocks[1] | blocks[2]) < 32768


def test_who_looks_at_the_same_moment_gets_another_block() -> None:
    ports = needed(PROJECT, Changes())
    with looking(ports) as one, looking(ports) as another, looking(ports) as third:
        blocks = [moved(ports, shift_of(process)) for process in (one, another, third)]
    assert len(set.union(*blocks)) == sum(map(len, blocks))


def test_a_block_of_which_a_port_is_taken_is_passed_over() -> None:
    ports = somewhere()
    with held(ports) as first:
        pass
    for port in ports:
        with socket.create_server(("127.0.0.1", shifted(port, first))), held(ports) as by:
            assert not any(listening(port) for port in moved(ports, by))


def test_a_port_where_the_real_system_may_start_is_passed_over() -> None:
    port, _ = somewhere()
    with held([port]) as by:
        pass
    with held([port, port + by]) as another:
        assert another != by


def test_what_runs_beside_a_system_has_free_ports_too() -> None:
    [port, _] = beside = somewhere()
    with on_free_ports(PROJECT, Changes(), beside) as first:
        pass
    with (
        socket.create_server(("127.0.0.1", shifted(port, first.by))),
        on_free_ports(PROJECT, Changes(), beside) as second,
    ):
        assert not listening(shifted(port, second.by))


def test_the_block_of_one_who_was_killed_is_free_again() -> None:
    ports = somewhere()
    with looking(ports) as process:
        by = shift_of(process)
        process.kill()
        process.wait(10)
        with held(ports) as again:
            assert again == by


def test_where_there_is_no_room_that_is_said() -> None:
    no_room = pytest.raises(SetupError, match="no room on this machine for 2 more ports")
    with no_room, held([1_000, 32_000]):
        pass


def moved(ports: Collection[int], by: int) -> set[int]:
    return {shifted(port, by) for port in ports}


def somewhere() -> list[int]:
    """Ports that meet no system when they are shifted, and hardly another run of these tests."""
    return random.sample(range(1_000, 2_000), 2)


@contextmanager
def looking(ports: Collection[int]) -> Iterator[subprocess.Popen[str]]:
    """Another process that looks for a block and holds it; killed at the end."""
    command = [sys.executable, "-c", LOOK, *map(str, ports)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def shift_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout
    return int(process.stdout.readline())
