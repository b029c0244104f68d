"""The rules of an environment: one run at a time holds it, in the order in which they asked.

Each hold has a fencing number, higher than all before. What is done with an older one is refused,
so a run that lost its hold can do no more harm. With the hold the release is recorded that is live
then: an undo puts that back, whatever happened since, and however often it is asked for.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from base.errors import Refusal

_RUNS_REMEMBERED = 500
_CHANGES_REMEMBERED = 100

Why = Literal["deployed", "restored", "rolled_back"]


class Claim(BaseModel, extra="allow"):
    """A run that wants an environment, or holds it: then it has a fencing number.

    ``previous`` is the release that was live when it got the hold, None if there was none.
    ``deployed`` is what it has put there; ``sick`` says why that is not well.
    """

    run: str
    fence: int | None = None
    until: datetime | None = None
    previous: str | None = None
    deployed: str | None = None
    kept: bool = False
    sick: str = ""


class Change(BaseModel, extra="allow"):
    """A release that was put live, or None when all were stopped; by which run, if any."""

    release: str | None
    run: str | None
    why: Why
    at: datetime


class Environment(BaseModel, extra="allow"):
    """An environment as it is stored. The first of ``queue`` holds it. ``over`` are runs that are
    done with it: they get it no more. ``kept`` are the releases that proved themselves."""

    name: str
    fence: int = 0
    queue: Sequence[Claim] = ()
    over: Sequence[str] = ()
    kept: Sequence[str] = ()
    history: Sequence[Change] = ()

    @property
    def holder(self) -> Claim | None:
        return self.queue[0] if self.queue else None

    def claim_of(self, run: str) -> Claim | None:
        """Return what a run holds or waits for."""
        return next((claim for claim in self.queue if claim.run == run), None)


def asked(
    env: Environment, run: str, live: str | None, now: datetime, lasts: timedelta
) -> Environment:
    """Return the environment with a run at the end of the queue. Refuses ``released``."""
    if run in env.over:
        raise Refusal("released", f"{run} is done with {env.name}.")
    if env.claim_of(run):
        return env
    joined = env.model_copy(update={"queue": [*env.queue, Claim(run=run)]})
    return _granted(joined, live, now, lasts)


def released(
    env: Environment, run: str, live: str | None, now: datetime, lasts: timedelta
) -> Environment:
    """Return the environment without a run; of one that is unknown, it is remembered that it is
    over. What it leaves live stays, and the next in the queue gets the hold."""
    claim = env.claim_of(run)
    if claim and claim.deployed and claim.deployed == live:
        env = _staying(env, live)
    left = [claim for claim in env.queue if claim.run != run]
    over = env.over if run in env.over else [*env.over, run][-_RUNS_REMEMBERED:]
    return _granted(env.model_copy(update={"queue": left, "over": over}), live, now, lasts)


def held(env: Environment, run: str, fence: int) -> Claim:
    """Return the hold of a run. Refuses ``not_holder`` and ``stale_fence``."""
    holder = env.holder
    if holder is None or holder.run != run:
        if fence <= env.fence and env.claim_of(run) is None:
            detail = f"{env.name} has been given on since: {fence} is not its number."
            raise Refusal("stale_fence", detail)
        raise Refusal("not_holder", f"{run} does not hold {env.name}.")
    if holder.fence != fence:
        detail = f"{env.name} is held with {holder.fence}: {fence} is not its number."
        raise Refusal("stale_fence", detail)
    return holder


def deployed(env: Environment, run: str, fence: int, release: str) -> Environment:
    """Return the environment with a release that a run is about to put live. Refuses as `held`,
    and ``other_release``: one hold is for one release."""
    holder = held(env, run, fence)
    if holder.deployed not in (None, release):
        raise Refusal("other_release", f"{run} put {holder.deployed} there already.")
    return _with(env, holder.model_copy(update={"deployed": release}))


def sick(env: Environment, run: str, why: str) -> Environment:
    """Return the environment with word of it that what a run put there is not well."""
    holder = env.holder
    if holder is None or holder.run != run or holder.kept or holder.sick:
        return env
    return _with(env, holder.model_copy(update={"sick": why}))


def kept(env: Environment, run: str, fence: int) -> Environment:
    """Return the environment with the release of a run as one that stays.

    Refuses as `held`, and ``unhealthy``.
    """
    holder = held(env, run, fence)
    if holder.kept:
        return env
    if holder.deployed is None:
        raise Refusal("not_deployed", f"{run} put nothing there.")
    if holder.sick:
        raise Refusal("unhealthy", holder.sick)
    return _with(_staying(env, holder.deployed), holder.model_copy(update={"kept": True}))


def to_restore(env: Environment, run: str) -> Claim | None:
    """Return the hold whose recorded release has to be put back; None if the run has none, or put
    nothing there, or what it put there stays."""
    holder = env.holder
    if holder is None or holder.run != run or holder.deployed is None or holder.kept:
        return None
    return holder


def to_roll_back(env: Environment, wanted: str | None) -> str:
    """Return the release to go back to: the one that is asked for, else that before the newest of
    those that were kept. Refuses ``held`` and ``no_such_release``."""
    if env.holder:
        detail = f"{env.holder.run} holds {env.name}; cancel that run, and it is put back."
        raise Refusal("held", detail)
    target = wanted or (env.kept[-2] if len(env.kept) > 1 else None)
    if target is None or target not in env.kept:
        detail = f"{env.name} has not kept {wanted}." if wanted else f"{env.name} has no other."
        raise Refusal("no_such_release", detail)
    return target


def noted(env: Environment, change: Change) -> Environment:
    """Return the environment with one more change in its history."""
    return env.model_copy(update={"history": [*env.history, change][-_CHANGES_REMEMBERED:]})


def expired(env: Environment, now: datetime) -> Claim | None:
    """Return the hold, if it has lasted too long."""
    holder = env.holder
    return holder if holder and holder.until and holder.until <= now else None


def overtaken(env: Environment) -> tuple[Claim, str] | None:
    """Return the hold that is overtaken, and by which run: another one waits behind it while its
    release waits for a decision."""
    if len(env.queue) < 2 or env.queue[0].deployed is None:
        return None
    return env.queue[0], env.queue[1].run


def _granted(env: Environment, live: str | None, now: datetime, lasts: timedelta) -> Environment:
    """Give the hold to the first in the queue, unless that has it."""
    first = env.holder
    if first is None or first.fence is not None:
        return env
    fence = env.fence + 1
    hold = {"fence": fence, "until": now + lasts, "previous": live}
    return _with(env.model_copy(update={"fence": fence}), first.model_copy(update=hold))


def _staying(env: Environment, release: str) -> Environment:
    others = [each for each in env.kept if each != release]
    return env.model_copy(update={"kept": [*others, release][-_CHANGES_REMEMBERED:]})


def _with(env: Environment, holder: Claim) -> Environment:
    return env.model_copy(update={"queue": [holder, *env.queue[1:]]})
