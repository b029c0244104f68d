"""Dapr's access control as its runtime 1.18 looks a call up (pkg/config/acl_trie.go, pkg/acl)."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass
class _Node:
    part: str
    verbs: list[str] | None = None
    below: "list[_Node]" = field(default_factory=list)

    def child(self, part: str, is_end: bool) -> "_Node | None":
        """Return the first child that fits: there is no way back."""
        for node in self.below:
            if node.part == part or node.part == "**":
                return node
            if node.part == "*":
                if is_end:
                    return node
            elif fnmatchcase(part, node.part):
                return node
        return None


def allows(configuration: dict[str, Any], caller: str, verb: str, path: str) -> bool:
    """Say whether a sidecar with the configuration lets a caller's call pass."""
    control = configuration["spec"]["accessControl"]
    assert control["defaultAction"] == "deny"
    for policy in control["policies"]:
        if policy["appId"] == caller:
            assert policy["defaultAction"] == "deny"
            return verb in _verbs(_trie(policy["operations"]), path.lower())
    return False


def _trie(operations: list[dict[str, Any]]) -> _Node:
    root = _Node("")
    for operation in operations:
        node, parts = root, operation["name"].lower().split("/")[1:]
        for n, part in enumerate(parts):
            known = next((below for below in node.below if below.part == part), None)
            if known is None:
                known = _Node(part)
                node.below.append(known)
            node = known
            if n == len(parts) - 1 and node.verbs is None:  # only the first entry counts
                node.verbs = operation["httpVerb"]
    return root


def _verbs(root: _Node, path: str) -> list[str]:
    node, parts = root, path.split("/")[1:]
    for n, part in enumerate(parts):
        is_end = n == len(parts) - 1
        found = node.child(part, is_end)
        if found is None:
            return []
        node = found
        if node.verbs is not None:
            return node.verbs
        if is_end:
            under = node.child("*", is_end)
            return (under.verbs if under else None) or []
    return []
