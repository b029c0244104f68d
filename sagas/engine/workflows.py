"""Running a workflow's turns, each from where the last one left it.

The SDK builds a workflow anew at each turn: it replays the whole history, so a saga of many steps
costs the square of their number. Here a workflow stays in memory between its turns, and at the next
one it is given only what is new, if its history begins with what it has seen. Where that is not so,
because an answer was lost or another replica took a turn meanwhile, it is replayed as ever. What is
kept here is no state that counts: only the history is.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dapr.ext.workflow._durabletask import worker as sdk

_MOST_KEPT = 256
_log = logging.getLogger("sagas.workflows")


class _Executor(sdk._OrchestrationExecutor):
    """The SDK's, which remembers the context that it made."""

    context: Any = None

    def process_event(self, ctx: Any, event: Any) -> None:
        self.context = ctx
        super().process_event(ctx, event)


@dataclass(frozen=True)
class _Kept:
    """A workflow as its last turn left it: after ``past`` events and some ``new`` ones."""

    executor: _Executor
    past: int
    new: list[bytes]

    @property
    def seen(self) -> int:
        return self.past + len(self.new)

    def knows(self, past: Sequence[Any]) -> bool:
        """Whether a history goes on from what it has seen: the turn before, or the replay, has
        looked at what comes before the last turn's events."""
        return len(past) >= self.seen and _written(past[self.past : self.seen]) == self.new


class Workflows:
    """The workflows of a registry; of those that go on, the latest ``most_kept`` are kept."""

    def __init__(self, registry: Any, most_kept: int = _MOST_KEPT) -> None:
        self._registry = registry
        self._most_kept = most_kept
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def turn(
        self, instance_id: str, past: Sequence[Any], new: Sequence[Any]
    ) -> sdk.ExecutionResults:
        """Return what a workflow does when it learns of the ``new`` events after the ``past``."""
        kept = self._kept.pop(instance_id, None)
        done = self._gone_on(kept, past, new) if kept and kept.knows(past) else None
        executor = kept.executor if kept and done else _Executor(self._registry, _log)
        done = done or executor.execute(instance_id, past, new)
        if executor.context is not None and not executor.context._is_complete:
            self._keep(instance_id, _Kept(executor, len(past), _written(new)))
        return done

    def _gone_on(
        self, kept: _Kept, past: Sequence[Any], new: Sequence[Any]
    ) -> sdk.ExecutionResults | None:
        """Return what a workflow does that goes on from where it was; None if that fails: then a
        replay says why."""
        context = kept.executor.context
        try:
            for events, is_past in ((past[kept.seen :], True), (new, False)):
                context._is_replaying = is_past
                for event in events:
                    kept.executor.process_event(context, event)
        except Exception:
            return None
        return sdk.ExecutionResults(
            actions=context.get_actions(),
            encoded_custom_status=context._encoded_custom_status,
            version_name=context._version_name,
            patches=context._encountered_patches,
        )

    def _keep(self, instance_id: str, kept: _Kept) -> None:
        self._kept[instance_id] = kept
        if len(self._kept) > self._most_kept:
            self._kept.popitem(last=False)


def _written(events: Sequence[Any]) -> list[bytes]:
    """Return the events as bytes; of a turn's begin the time, for the sidecar writes down with it
    which version of the workflow answered."""
    parts = (event.timestamp if event.HasField("workflowStarted") else event for event in events)
    return [part.SerializeToString(deterministic=True) for part in parts]
