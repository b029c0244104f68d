"""The orchestrator as it is, writing down the history of every workflow that it runs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dapr.ext.workflow._durabletask import worker
from google.protobuf.json_format import MessageToDict

HISTORIES = "histories"  # in the folder that the app runs in


class _Recording(worker._OrchestrationExecutor):
    """Writes a workflow's events anew at each turn, so that the last turn leaves them all."""

    def execute(
        self,
        instance_id: str,
        old_events: Sequence[Any],
        new_events: Sequence[Any],
        propagated_history: Any = None,
    ) -> worker.ExecutionResults:
        lines = [json.dumps(MessageToDict(event)) for event in (*old_events, *new_events)]
        folder = Path(HISTORIES)
        folder.mkdir(exist_ok=True)
        (folder / f"{instance_id}.jsonl").write_text("\n".join(lines) + "\n")
        return super().execute(instance_id, old_events, new_events, propagated_history)


worker._OrchestrationExecutor = _Recording  # type: ignore[misc]

from orchestrator.app import app as _app  # noqa: E402 it makes its worker with the executor above

app: Any = _app
