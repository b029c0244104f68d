"""Documents whose names can be listed, which a Dapr state store by itself cannot."""

from collections.abc import Callable
from typing import Generic, TypeVar

from pydantic import BaseModel

from base.state import StateStore
from kit.documents import Documents

D = TypeVar("D", bound=BaseModel)


class Names(BaseModel, extra="allow"):
    """The names of all documents, and perhaps of some that were never written."""

    names: list[str] = []


class Catalogue(Generic[D]):
    """One document a name. Methods raise Unavailable."""

    def __init__(self, state: StateStore, prefix: str, model: type[D]) -> None:
        self._documents = Documents(state, prefix, model)
        self._index = Documents(state, f"{prefix}-names", Names)

    async def get(self, name: str) -> D | None:
        return await self._documents.get(name)

    async def change(self, name: str, rule: Callable[[D | None], D]) -> D:
        """Apply ``rule`` and store its answer. The name is listed first: so none is lost."""
        if await self._documents.get(name) is None:
            await self._index.change("all", lambda known: _with(known, name))
        return await self._documents.change(name, rule)

    async def every(self) -> list[D]:
        """Return all documents, by their names."""
        index = await self._index.get("all") or Names()
        found = [await self._documents.get(name) for name in index.names]
        return [document for document in found if document is not None]


def _with(known: Names | None, name: str) -> Names:
    return Names(names=sorted({*(known or Names()).names, name}))
