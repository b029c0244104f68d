"""A profile: other state stores for any system.

``profiles/<name>/store.yaml`` takes the place of each state store of a system, and
``workflow-store.yaml`` of the one that keeps workflows; where one of them is missing, the system's
own store stays. Only the spec is replaced, and which store has its secrets: name and scopes are the
system's. In it ``{store}`` stands for the store's name, without its ending ``-store``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from runtime.errors import SetupError


@dataclass(frozen=True)
class Profile:
    """The texts of what takes the place of stores; empty where nothing does."""

    store: str = ""
    workflow_store: str = ""

    def in_place_of(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Return the resource, with another spec if it is a store that the profile replaces."""
        spec = resource.get("spec", {})
        if not str(spec.get("type", "")).startswith("state."):
            return resource
        text = self.workflow_store if _keeps_workflows(spec) else self.store
        name = resource["metadata"]["name"].removesuffix("-store").replace("-", "_")
        other = yaml.safe_load(text.replace("{store}", name))
        return resource | {key: other[key] for key in ("spec", "auth")} if other else resource


def names(project: Path) -> list[str]:
    """Return the names of the profiles that there are."""
    return sorted(folder.name for folder in (project / "profiles").iterdir())


def read(project: Path, name: str) -> Profile:
    """Return a profile; without a name, one that replaces nothing. Raises SetupError."""
    if not name:
        return Profile()
    if name not in (known := names(project)):
        raise SetupError(f"There is no profile {name}; there are {', '.join(known)}.")
    folder = project / "profiles" / name
    return Profile(_text(folder / "store.yaml"), _text(folder / "workflow-store.yaml"))


def _keeps_workflows(spec: dict[str, Any]) -> bool:
    return any(item["name"] == "actorStateStore" for item in spec["metadata"])


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""
