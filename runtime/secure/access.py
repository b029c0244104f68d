"""Who may call what, in Dapr's own words: nobody anything but what the orchestrators' kinds need.

Dapr's patterns of paths are a trie with corners, of which the patterns here keep clear:
- ``*`` stands for one part of a path at its end only; in the middle it matches nothing, where
  ``***`` does, as any text with stars in it.
- The first pattern that fits a part is the one that counts, so the more exact come first.
- Of one pattern only the first entry counts, so all its verbs are in one.
- What lies below a pattern's end is allowed by the same verbs, and by no other. So where a pattern
  ends and others go on, ``/*`` is put there instead, which Dapr takes for the end too.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from runtime.errors import SetupError
from runtime.secure.identities import WORKLOADS

SIGNED = "WorkflowHistorySigning"
_OPERATIONS = ["schedule", "get", "raise", "terminate", "purge"]
_WILD = ("*", "***")
_HERE = Path(__file__).resolve().parents[2]
Resource = dict[str, Any]


class Call(BaseModel):
    """A call of one app by another; ``{…}`` in its path stands for any text."""

    caller: str
    callee: str
    verb: str
    path: str

    @property
    def pattern(self) -> str:
        """Return the path as Dapr's access control has it."""
        *before, last = self.path.split("/")
        return "/".join([*("***" if "{" in part else part for part in before), _end(last)])


class Own(BaseModel):
    """The workflows and activities of one orchestrator."""

    workflows: list[str]
    activities: list[str]


class Access(BaseModel):
    """What the cases of a system need: calls, and what each orchestrator has of its own."""

    calls: list[Call] = []
    own: dict[str, Own] = {}

    def allowed(self, callee: str) -> dict[str, dict[str, list[str]]]:
        """Return who may call an app: by caller, the verbs of each pattern, in the order in which
        Dapr has to look at them."""
        found: dict[str, dict[str, list[str]]] = {}
        patterns = {(call.caller, call.pattern) for call in self._of(callee)}
        placed = [(_end_of(call, patterns), call) for call in self._of(callee)]
        for pattern, call in sorted(placed, key=lambda each: _exactness(each[0])):
            verbs = found.setdefault(call.caller, {}).setdefault(pattern, [])
            verbs += [call.verb] if call.verb not in verbs else []
        return found

    def _of(self, callee: str) -> list[Call]:
        return [call for call in self.calls if call.callee == callee]


def needed(project: Path, apps: Mapping[str, str]) -> Access:
    """Return what apps need, each ``module:name`` by its app-id, as they tell themselves.

    Raises SetupError when they cannot be asked.
    """
    words = [f"{app_id}={app}" for app_id, app in apps.items()]
    command = [sys.executable, "-m", "sagas.web.access", *words]
    imports = {"PYTHONPATH": f"{project}{os.pathsep}{_HERE}", "PYTHONSAFEPATH": "1"}
    asked = subprocess.run(
        command,
        cwd=project,
        env=os.environ | imports | {"DAPR_HTTP_PORT": "3500"},
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        told = asked.stderr.strip()
        raise SetupError(f"{', '.join(apps)} do not tell what they call:\n{told}")
    return Access.model_validate(json.loads(asked.stdout))


def configured(
    configuration: Resource, app_id: str, access: Access, namespace: str = "default"
) -> Resource:
    """Return a Configuration for the sidecar of one app."""
    policies = [
        {
            "appId": caller,
            "defaultAction": "deny",
            "trustDomain": WORKLOADS,
            "namespace": namespace,
            "operations": [
                {"name": pattern, "httpVerb": verbs, "action": "allow"}
                for pattern, verbs in patterns.items()
            ],
        }
        for caller, patterns in access.allowed(app_id).items()
    ]
    control = {"defaultAction": "deny", "trustDomain": WORKLOADS, "policies": policies}
    spec = configuration["spec"]
    features = [*spec.get("features", []), {"name": SIGNED, "enabled": True}]
    return configuration | {"spec": spec | {"accessControl": control, "features": features}}


def workflow_policies(access: Access, app_ids: Iterable[str]) -> list[Resource]:
    """Return which of a system's apps may use workflows: each orchestrator its own, in all its
    replicas, and else nobody any."""
    others = sorted({*app_ids} - access.own.keys())
    return [
        *(
            _policy(f"{app_id}-workflows", [app_id], [_rule(app_id, access.own[app_id])])
            for app_id in sorted(access.own)
        ),
        *([_policy("no-workflows", others, [])] if others else []),
    ]


def _rule(app_id: str, own: Own) -> Resource:
    return {
        "callers": [{"appID": app_id}],
        "workflows": [{"name": name, "operations": [*_OPERATIONS]} for name in own.workflows],
        "activities": [{"name": name} for name in own.activities],
    }


def _policy(name: str, scopes: list[str], rules: list[Resource]) -> Resource:
    return {
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "WorkflowAccessPolicy",
        "metadata": {"name": name},
        "scopes": scopes,
        "spec": {"rules": rules} if rules else {},
    }


def _end_of(call: Call, patterns: set[tuple[str, str]]) -> str:
    goes_on = any(
        caller == call.caller and other.startswith(f"{call.pattern}/") for caller, other in patterns
    )
    return f"{call.pattern}/*" if goes_on else call.pattern


def _end(part: str) -> str:
    return "*" if "{" in part else part


def _exactness(pattern: str) -> list[tuple[int, str]]:
    """Order patterns so that at each part a text comes before ``*``, and that before ``***``."""
    return [(_WILD.index(part) + 1 if part in _WILD else 0, part) for part in pattern.split("/")]
