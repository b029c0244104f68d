"""Accounts as they are in the store of the billing service."""

from pathlib import Path

from base.clock import utc_now
from base.errors import Refusal
from systems.tenants.billing import account as rules
from systems.tenants.billing.account import Account, Invoice
from systems.tenants.estate.catalogue import Catalogue
from systems.tenants.estate.kept import Kept
from systems.tenants.estate.things import Found, Owned


class Accounts:
    """The `Things` of the billing service. An account's name is the id of its resource, so it never
    is another's."""

    def __init__(self, kept: Catalogue[Account]) -> None:
        self._kept = kept

    def facts(self, kept: Kept) -> dict[str, str]:
        return {"account": kept.id, "plan": str(kept.request.get("plan", "starter"))}

    async def settle(self, kept: Kept) -> None:
        plan, email = self.facts(kept)["plan"], str(kept.request["email"])
        is_it = kept.target == "suspended"
        await self._kept.change(
            kept.id,
            lambda known: rules.suspended(
                rules.opened(known, kept.id, plan, email, utc_now()), is_it
            ),
        )

    async def remove(self, kept: Kept) -> None:
        if await self._kept.get(kept.id):
            await self._kept.change(kept.id, lambda known: rules.closed(_there(known), utc_now()))

    async def holds_data(self, kept: Kept) -> bool:
        known = await self._kept.get(kept.id)
        return known is not None and known.invoice is not None

    async def furnish(self, kept: Kept) -> None:
        """There is nothing to complete."""

    async def smoke(self, kept: Kept) -> None:
        """Nobody logs in here."""

    async def export(self, kept: Kept, folder: Path) -> None:
        known = _there(await self._kept.get(kept.id))
        (folder / "account.json").write_text(known.model_dump_json(indent=2))

    async def invoice(self, kept: Kept) -> None:
        """Make the final invoice, unless there is one. Refuses ``account_closed``."""
        await self._kept.change(kept.id, lambda known: rules.invoiced(_there(known), utc_now()))

    async def final(self, account_id: str) -> Invoice:
        """Return the final invoice. Refuses ``unknown_resource``."""
        found = _there(await self._kept.get(account_id)).invoice
        if found is None:
            raise Refusal("unknown_resource", f"{account_id} has no final invoice.")
        return found

    async def look(self, kept: Kept) -> Found:
        known = await self._kept.get(kept.id)
        if known is None or known.status == "closed":
            return Found(state="absent")
        return Found(state="suspended" if known.status == "suspended" else "present")

    async def owned(self) -> list[Owned]:
        return [
            Owned(kind="account", name=account.id, owner=account.id)
            for account in await self._kept.every()
            if account.status != "closed"
        ]


def _there(known: Account | None) -> Account:
    if known is None:
        raise Refusal("unknown_resource", "There is no such account.")
    return known
