"""The rules of one resource of a tenant: whether it is to be there, and whether it is in use.

They say what is wanted. What really exists is brought there each time (keeper.py): so a call that
is repeated, comes late or was cut short by a crash finds its way.
"""

from typing import Any, Literal

from pydantic import BaseModel

from base.errors import Refusal

Status = Literal["unknown", "wanted", "gone"]
Target = Literal["present", "suspended", "absent"]


class Kept(BaseModel, extra="allow"):
    """What is to become of a resource, as it is stored. What is ``gone`` stays so: a tombstone.

    ``suspensions`` are those that were asked for, by who did: one that was lifted, perhaps before
    it came, cannot come back.
    """

    id: str
    status: Status = "unknown"
    request: dict[str, Any] = {}
    suspensions: dict[str, Literal["on", "lifted"]] = {}

    @property
    def slug(self) -> str:
        return str(self.request.get("slug", ""))

    @property
    def target(self) -> Target:
        """How it has to be in the real world."""
        if self.status != "wanted":
            return "absent"
        return "suspended" if "on" in self.suspensions.values() else "present"


class Suspension(BaseModel, extra="allow"):
    """A suspension by its own id, and of which resource: so it can be lifted by that alone."""

    id: str
    resource: str = ""
    status: Literal["on", "lifted"] = "on"


def placed(known: Suspension | None, id_: str, resource: str) -> Suspension:
    """Return the suspension of a resource. Refuses ``undone`` and ``idempotency_conflict``."""
    if known is None:
        return Suspension(id=id_, resource=resource)
    if known.status == "lifted":
        raise Refusal("undone", f"The suspension {id_} was lifted.")
    if known.resource != resource:
        raise Refusal("idempotency_conflict", f"{id_} is the suspension of another resource.")
    return known


def called_off(known: Suspension | None, id_: str) -> Suspension:
    """Return it lifted; of one unknown, a tombstone."""
    return (known or Suspension(id=id_)).model_copy(update={"status": "lifted"})


def wanted(known: Kept, request: dict[str, Any]) -> Kept:
    """Return the resource as it has to be once it was asked for.

    Refuses ``idempotency_conflict`` and ``undone``: it is gone, perhaps before it came.
    """
    if known.request and known.request != request:
        raise Refusal("idempotency_conflict", f"{known.id} was asked for with another request.")
    if known.status == "gone":
        raise Refusal("undone", f"{known.id} is gone for good.")
    return known.model_copy(update={"status": "wanted", "request": request})


def gone(known: Kept) -> Kept:
    """Return it as it has to be once it is undone or dropped; of something unknown, a tombstone."""
    return known.model_copy(update={"status": "gone"})


def suspended(known: Kept, by: str) -> Kept:
    """Return it suspended. Refuses ``unknown_resource``, and ``undone``: that was lifted."""
    there(known)
    if known.suspensions.get(by) == "lifted":
        raise Refusal("undone", f"The suspension of {known.id} by {by} was lifted.")
    return known.model_copy(update={"suspensions": known.suspensions | {by: "on"}})


def lifted(known: Kept, by: str) -> Kept:
    """Return it without this suspension, which cannot come back."""
    return known.model_copy(update={"suspensions": known.suspensions | {by: "lifted"}})


def there(known: Kept) -> Kept:
    """Return it. Refuses ``unknown_resource`` when it is not to be there."""
    if known.status != "wanted":
        raise Refusal("unknown_resource", f"There is no {known.id}.")
    return known
