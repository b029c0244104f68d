"""Leases and deployments: the store says who may, the hosts do it, the runs are told.

What is live in an environment is changed by one at a time; and only by the run that holds it, with
the number of its hold.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from base.clock import utc_now
from base.errors import Refusal, Unavailable
from kit.callback import Callback
from kit.documents import Documents
from systems.pipeline.deployer import environments as rules
from systems.pipeline.deployer.environments import Change, Claim, Environment, Why
from systems.pipeline.deployer.hosts import Host
from systems.pipeline.deployer.models import Health, Leased, Overtaken

_log = logging.getLogger("service.deploy")
Rule = Callable[[Environment], Environment]


class DeploySettings(BaseSettings):
    """``LEASE_SECONDS``: how long a run may hold an environment before what it deployed is put back
    and the next one gets it. ``HEALTH_SECONDS``: how long a release may take until it is healthy.
    ``WATCH_SECONDS``: how often it is looked at. ``SICK_AFTER``: after how many bad looks in a row
    it counts as not well."""

    lease_seconds: Annotated[float, Field(gt=0)] = 2 * 86_400.0
    health_seconds: Annotated[float, Field(gt=0)] = 20.0
    watch_seconds: Annotated[float, Field(gt=0)] = 1.0
    sick_after: Annotated[int, Field(gt=0)] = 3


class PortSettings(BaseSettings):
    """Where environments answer, and the two ports on which their releases listen in turn."""

    staging_port: int = 7316
    staging_blue_port: int = 7317
    staging_green_port: int = 7318
    production_port: int = 7306
    production_blue_port: int = 7307
    production_green_port: int = 7308


class Deployments:
    """The environments of a pipeline. Methods refuse ``unknown_environment``, and raise
    Unavailable."""

    def __init__(
        self,
        kept: Documents[Environment],
        hosts: Mapping[str, Host],
        callback: Callback,
        settings: DeploySettings,
    ) -> None:
        self._kept = kept
        self._hosts = hosts
        self._callback = callback
        self._settings = settings
        self._lasts = timedelta(seconds=settings.lease_seconds)
        self._unwell: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        return list(self._hosts)

    def host(self, name: str) -> Host:
        """Return an environment's host."""
        if name not in self._hosts:
            there = ", ".join(self._hosts)
            raise Refusal("unknown_environment", f"There is no {name}; there are {there}.")
        return self._hosts[name]

    async def get(self, name: str) -> Environment:
        """Return an environment as it is stored."""
        self.host(name)
        return await self._kept.get(name) or Environment(name=name)

    async def lease(self, name: str, run: str) -> Environment:
        """Let a run hold an environment, or wait for it in the queue. Refuses as `asked`."""
        async with self.host(name).alone():
            return await self._change(
                name, lambda env: rules.asked(env, run, self._live(name), utc_now(), self._lasts)
            )

    async def release(self, name: str, run: str) -> Environment:
        """Let a run be done with an environment; the next one gets it."""
        async with self.host(name).alone():
            return await self._release(name, run)

    async def deploy(self, name: str, run: str, fence: int, release: str) -> Environment:
        """Put a release live. Refuses as `rules.deployed` and `Host.switch`."""
        async with self.host(name).alone():
            await self._change(name, lambda env: rules.deployed(env, run, fence, release))
            await self._switch(name, release, run, "deployed")
            return await self.get(name)

    async def keep(self, name: str, run: str, fence: int) -> Environment:
        """Let the release of a run stay. Refuses as `rules.kept`."""
        env = await self.get(name)
        release = holder.deployed if (holder := env.holder) and holder.run == run else None
        if release and not await self.host(name).is_healthy(release):
            await self._change(name, lambda e: rules.sick(e, run, "It does not answer well."))
        return await self._change(name, lambda e: rules.kept(e, run, fence))

    async def restore(self, name: str, run: str) -> Environment:
        """Put back the release that was recorded when a run got its hold, unless its own stays. It
        is the same one however often that is asked for."""
        async with self.host(name).alone():
            await self._restore(name, run)
            return await self.get(name)

    async def roll_back(self, name: str, wanted: str | None) -> Environment:
        """Go back to a release that was kept. Refuses as `to_roll_back` and `Host.switch`."""
        async with self.host(name).alone():
            release = rules.to_roll_back(await self.get(name), wanted)
            await self._switch(name, release, None, "rolled_back")
            return await self.get(name)

    async def watch(self) -> None:
        """Look at every environment now and then, for ever."""
        while True:
            for name in self._hosts:
                try:
                    await self.look(name)
                except Unavailable as fault:
                    _log.warning("%s is not looked at: %s", name, fault)
            await asyncio.sleep(self._settings.watch_seconds)

    async def converge(self) -> None:
        """Let what is live run, and nothing else: what a crash interrupted is over."""
        for host in self._hosts.values():
            try:
                async with host.alone():
                    await host.converge(self._settings.health_seconds)
            except Unavailable as fault:  # it is looked after from then on
                _log.error("%s is not as it should be: %s", host.name, fault)

    async def look(self, name: str) -> None:
        """End a hold that lasted too long; tell of a release that is not well; start what died."""
        env, host = await self.get(name), self.host(name)
        if gone := rules.expired(env, utc_now()):
            async with host.alone():
                await self._restore(name, gone.run)
                await self._release(name, gone.run)
            return
        holder, live = env.holder, host.live()
        if holder and holder.deployed and holder.deployed == live and not holder.kept:
            await self._look_at(name, holder, live)
        elif live and not (await host.is_healthy(live) and host.has_front()):
            async with host.alone():
                if host.live() == live:
                    await host.converge(self._settings.health_seconds)

    async def _look_at(self, name: str, holder: Claim, release: str) -> None:
        well = await self.host(name).is_healthy(release)
        self._unwell[name] = 0 if well else self._unwell.get(name, 0) + 1
        if self._unwell[name] < self._settings.sick_after or holder.sick:
            return
        why = f"{name} does not answer well any more."
        await self._change(name, lambda env: rules.sick(env, holder.run, why))
        self._callback.tell(f"{holder.run}:{name}", "health", Health(detail=why))

    async def _restore(self, name: str, run: str) -> None:
        hold = rules.to_restore(await self.get(name), run)
        if hold is None:
            return
        try:
            await self._switch(name, hold.previous, run, "restored")
        except Refusal as no:  # it is no answer: the old release has to be put back
            raise Unavailable(f"{name} cannot be put back: {no.detail}") from no

    async def _release(self, name: str, run: str) -> Environment:
        return await self._change(
            name, lambda env: rules.released(env, run, self._live(name), utc_now(), self._lasts)
        )

    async def _switch(self, name: str, release: str | None, run: str | None, why: Why) -> None:
        host = self.host(name)
        before = host.live()
        await host.switch(release, self._settings.health_seconds)
        if release != before:
            change = Change(release=release, run=run, why=why, at=utc_now())
            await self._kept.change(name, lambda env: rules.noted(env or _new(name), change))
            _log.info("%s: %s %s", name, why, release or "nothing", extra={"case_id": run})
        await self._tell_overtaken(name)

    async def _change(self, name: str, rule: Rule) -> Environment:
        """Change what is stored, and tell the run that holds it then, if it has just got it."""
        before: list[Environment] = []

        def change(known: Environment | None) -> Environment:
            before[:] = [known or _new(name)]
            return rule(before[0])

        after = await self._kept.change(name, change)
        was, now = before[0].holder, after.holder
        if now and now.fence and (was is None or was.run != now.run):
            told = Leased(fence=now.fence, previous=now.previous)
            self._callback.tell(f"{now.run}:{name}", "leased", told)
        if len(after.queue) > len(before[0].queue):
            await self._tell_overtaken(name)
        return after

    async def _tell_overtaken(self, name: str) -> None:
        """Tell the run whose release is here that another one waits behind it. The word is about
        that release, as an approval is."""
        if found := rules.overtaken(await self.get(name)):
            holder, by = found
            self._callback.tell(f"{holder.run}:{holder.deployed}", "overtaken", Overtaken(by=by))

    def _live(self, name: str) -> str | None:
        return self.host(name).live()


def _new(name: str) -> Environment:
    return Environment(name=name)


def hosts(settings: PortSettings, make: Callable[[str, int, tuple[int, int]], Host]) -> list[Host]:
    """Return the hosts of staging and production."""
    return [
        make(
            "staging",
            settings.staging_port,
            (settings.staging_blue_port, settings.staging_green_port),
        ),
        make(
            "production",
            settings.production_port,
            (settings.production_blue_port, settings.production_green_port),
        ),
    ]
