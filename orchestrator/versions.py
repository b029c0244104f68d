"""The versions of the workflows: a trip goes on with the one it was started with.

To change a saga so that it calls other activities, or the same in another order, leave what running
trips replay as it is, write the new version beside it, append it here, and record what it does
(tests/replay): the histories kept there tell whether an edit, also of what the versions share,
breaks trips that run. A version can go when no open trip is older than the one after it.
"""

from collections.abc import Callable
from typing import Any

from dapr.ext.workflow import WorkflowRuntime

from orchestrator.workflow import book_trip, book_trip_1, cancel_trip, cancel_trip_1

Workflow = Callable[..., Any]

BOOK_TRIP: list[Workflow] = [book_trip_1, book_trip]
CANCEL_TRIP: list[Workflow] = [cancel_trip_1, cancel_trip]


def register(runtime: WorkflowRuntime) -> None:
    """Register all versions; trips are started with the last ones."""
    for name, versions in (("book_trip", BOOK_TRIP), ("cancel_trip", CANCEL_TRIP)):
        for number, workflow in enumerate(versions, start=1):
            runtime.register_versioned_workflow(
                workflow, name=name, version_name=str(number), is_latest=workflow is versions[-1]
            )
