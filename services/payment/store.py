"""Charges in a Dapr state store."""

from collections.abc import Callable

from services.kit.state import StateConflict, StateStore, Write
from services.payment.ledger import Charge

Rule = Callable[[Charge | None], Charge]

_TRIES = 10


class ChargeStore:
    """One record a charge, guarded by its ETag."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def get(self, charge_id: str) -> Charge | None:
        """Return what is stored under the id. Raises StateUnavailable."""
        entry = (await self._state.read([_key(charge_id)]))[_key(charge_id)]
        return None if entry.value is None else Charge.model_validate(entry.value)

    async def change(self, charge_id: str, rule: Rule) -> Charge:
        """Apply ``rule`` and store its answer, if that is new.

        Raises what the rule raises; StateConflict after many lost races; StateUnavailable.
        """
        for _ in range(_TRIES):
            try:
                return await self._once(charge_id, rule)
            except StateConflict as lost:
                conflict = lost
        raise conflict

    async def _once(self, charge_id: str, rule: Rule) -> Charge:
        key = _key(charge_id)
        entry = (await self._state.read([key]))[key]
        known = None if entry.value is None else Charge.model_validate(entry.value)
        changed = rule(known)
        if changed != known:
            await self._state.write([Write(key, changed.model_dump(mode="json"), entry.etag)])
        return changed


def _key(charge_id: str) -> str:
    return f"charge:{charge_id}"
