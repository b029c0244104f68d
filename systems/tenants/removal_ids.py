"""Where removals are, and the id of each."""

from hashlib import blake2s

REMOVALS = "removal-orchestrator"
ASKS = [(REMOVALS, "PUT removals/{id}"), (REMOVALS, "POST removals/{id}/signals/waiver")]
"""What the tenants' orchestrator asks of that of removals, and `showing` by its sidecar."""


def removal_of(tenant_id: str, called_off: int = 0) -> str:
    """Return the id of the removal of a tenant after so many that were called off."""
    number = f"{tenant_id}:{called_off}"
    return f"removal-{blake2s(number.encode(), digest_size=8).hexdigest()}"
