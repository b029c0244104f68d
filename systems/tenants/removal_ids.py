"""The two orchestrators, and the id of each removal."""

from hashlib import blake2s

TENANTS, REMOVALS = "tenant-orchestrator", "removal-orchestrator"


def removal_of(tenant_id: str, called_off: int = 0) -> str:
    """Return the id of the removal of a tenant after so many that were called off."""
    number = f"{tenant_id}:{called_off}"
    return f"removal-{blake2s(number.encode(), digest_size=8).hexdigest()}"
