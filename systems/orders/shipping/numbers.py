"""Tracking numbers, each given to one label for ever."""

from collections.abc import Iterator
from hashlib import blake2s

from pydantic import BaseModel

from base.errors import Refusal, Unavailable
from kit.documents import Documents
from systems.orders.shipping.s10 import tracking_number

_SERVICE, _COUNTRY = "CP", "US"
_TRIES = 100


class Given(BaseModel, extra="allow"):
    """Which label has the number."""

    label: str


class Numbers:
    """Finds a number of its own for a label, and the label of a number."""

    def __init__(self, given: Documents[Given]) -> None:
        self._given = given

    async def of(self, label_id: str) -> str:
        """Return the label's number: asked again, the same. Raises Unavailable."""
        for number in _candidates(label_id):
            taken = await self._given.change(number, lambda by: by or Given(label=label_id))
            if taken.label == label_id:
                return number
        raise Unavailable(f"All {_TRIES} tracking numbers that {label_id} could have are taken.")

    async def label_of(self, number: str) -> str:
        """Return the id of the label with the number. Refuses ``unknown_label``."""
        found = await self._given.get(number)
        if found is None:
            raise Refusal("unknown_label", f"There is no label with the number {number}.")
        return found.label


def _candidates(label_id: str) -> Iterator[str]:
    for nth in range(_TRIES):
        digest = blake2s(f"{label_id} {nth}".encode()).digest()
        yield tracking_number(_SERVICE, int.from_bytes(digest) % 10**8, _COUNTRY)
