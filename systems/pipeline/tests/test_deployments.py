"""Leases and deployments over a store and a host in memory: who is told what, and what is put back
when nobody comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from base.errors import Refusal, Unavailable
from base.state import StateStore
from base.wire import Wire
from kit.callback import Callback
from kit.documents import Documents
from systems.pipeline.deployer import deployments as use
from systems.pipeline.deployer.deployments import Deployments, DeploySettings
from systems.pipeline.deployer.environments import Environment
from systems.pipeline.deployer.hosts import Host
from tests.support.memory import MemoryStore

OLD, NEW = "a" * 64, "b" * 64


class Machine:
    """A host whose releases are no more than names; those in ``sick`` are not well."""

    name = "production"
    url = "http://127.0.0.1:1"

    def __init__(self, live: str | None = OLD) -> None:
        self.now = live
        self.sick: set[str] = set()
        self.switched: list[str | None] = []

    def live(self) -> str | None:
        return self.now

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        yield

    async def switch(self, release: str | None, within: float) -> None:  # noqa: ARG002
        if release in self.sick:
            raise Refusal("unhealthy", "It coughs.")
        self.switched.append(release)
        self.now = release

    async def is_healthy(self, release: str) -> bool:
        return release == self.now and release not in self.sick

    def has_front(self) -> bool:
        return True


class Told:
    """Keeps what runs are told."""

    def __init__(self) -> None:
        self.words: list[tuple[str, str, Any]] = []

    def tell(self, resource_id: str, signal: str, word: Wire) -> None:
        self.words.append((resource_id, signal, word.model_dump()))

    def of(self, signal: str) -> list[str]:
        return [resource for resource, name, _ in self.words if name == signal]


class Site:
    def __init__(self, live: str | None = OLD) -> None:
        self.machine, self.told = Machine(live), Told()
        kept = Documents(cast(StateStore, MemoryStore()), "environment", Environment)
        self.uses = Deployments(
            kept,
            {"production": cast(Host, self.machine)},
            cast(Callback, self.told),
            DeploySettings(lease_seconds=60, sick_after=2),
        )

    async def held(self, run: str) -> int:
        env = await self.uses.lease("production", run)
        claim = env.claim_of(run)
        assert claim
        assert claim.fence
        return claim.fence

    async def deployed(self, run: str, release: str = NEW) -> int:
        fence = await self.held(run)
        await self.uses.deploy("production", run, fence, release)
        return fence


@pytest.fixture
def site() -> Site:
    return Site()


def test_the_next_in_the_queue_is_told_that_it_holds_it(site: Site) -> None:
    async def act() -> None:
        await site.held("one")
        await site.uses.lease("production", "two")
        assert site.told.of("leased") == ["one:production"]
        await site.uses.release("production", "one")

    asyncio.run(act())
    assert site.told.of("leased") == ["one:production", "two:production"]


@pytest.mark.parametrize("waits_first", [True, False])
def test_a_holder_is_told_once_another_run_waits_behind_its_release(
    site: Site, waits_first: bool
) -> None:
    async def act() -> None:
        fence = await site.held("one")
        if waits_first:
            await site.uses.lease("production", "two")
        await site.uses.deploy("production", "one", fence, NEW)
        if not waits_first:
            await site.uses.lease("production", "two")

    asyncio.run(act())
    assert site.told.of("overtaken") == [f"one:{NEW}"]


def test_a_release_that_is_not_well_is_told_of_once_and_not_kept(site: Site) -> None:
    async def act() -> None:
        fence = await site.deployed("one")
        await site.uses.look("production")
        site.machine.sick.add(NEW)
        for _ in range(4):
            await site.uses.look("production")
        with pytest.raises(Refusal, match="answer well"):
            await site.uses.keep("production", "one", fence)

    asyncio.run(act())
    assert site.told.of("health") == ["one:production"]


def test_a_release_that_is_sick_just_when_it_is_to_be_kept_is_not(site: Site) -> None:
    async def act() -> None:
        fence = await site.deployed("one")
        site.machine.sick.add(NEW)
        with pytest.raises(Refusal):
            await site.uses.keep("production", "one", fence)
        site.machine.sick.clear()
        with pytest.raises(Refusal):  # it proved nothing
            await site.uses.keep("production", "one", fence)

    asyncio.run(act())


def test_a_hold_that_lasted_too_long_is_put_back_and_given_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [datetime(2025, 1, 1, tzinfo=UTC)]
    monkeypatch.setattr(use, "utc_now", lambda: now[0])

    async def act() -> int:
        fence = await site.deployed("one")
        await site.uses.lease("production", "two")
        await site.uses.look("production")
        assert site.machine.now == NEW
        now[0] += timedelta(seconds=61)
        await site.uses.look("production")
        with pytest.raises(Refusal) as late:
            await site.uses.deploy("production", "one", fence, NEW)
        assert late.value.reason == "stale_fence"
        return await site.held("two")

    assert asyncio.run(act()) == 2
    assert site.machine.switched == [NEW, OLD]


def test_the_first_deployment_ever_is_stopped_when_it_is_undone() -> None:
    site = Site(live=None)

    async def act() -> None:
        await site.deployed("one")
        for _ in range(3):
            await site.uses.restore("production", "one")

    asyncio.run(act())
    assert site.machine.now is None


def test_what_cannot_be_put_back_is_a_fault_and_no_refusal(site: Site) -> None:
    async def act() -> None:
        await site.deployed("one")
        site.machine.sick.add(OLD)
        with pytest.raises(Unavailable):
            await site.uses.restore("production", "one")
        site.machine.sick.clear()
        await site.uses.restore("production", "one")

    asyncio.run(act())
    assert site.machine.now == OLD


def test_a_release_that_never_was_well_leaves_all_as_it_was(site: Site) -> None:
    site.machine.sick.add(NEW)

    async def act() -> None:
        with pytest.raises(Refusal):
            await site.deployed("one")

    asyncio.run(act())
    assert site.machine.now == OLD
