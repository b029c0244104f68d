"""Documents of one kind in a Dapr state store, each changed by a rule and guarded by its ETag."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Generic, TypeVar

from pydantic import BaseModel

from base.errors import Changed, Refusal
from base.state import StateStore, Write, decided

D = TypeVar("D", bound=BaseModel)


class Documents(Generic[D]):
    """One document an id, under keys that begin with ``prefix``. Methods raise Unavailable."""

    def __init__(self, state: StateStore, prefix: str, model: type[D]) -> None:
        self._state = state
        self._prefix = prefix
        self._model = model

    async def get(self, document_id: str) -> D | None:
        """Return what is stored under the id."""
        return (await self._read(document_id))[0]

    async def many(self, document_ids: Iterable[str]) -> dict[str, D]:
        """Return those of the documents that are stored, by id, in the order asked for. One that
        changes meanwhile may seem absent: see `StateStore.read`."""
        keys = {self._key(document_id): document_id for document_id in document_ids}
        stored = await self._state.read(list(keys)) if keys else {}
        return {
            keys[key]: self._model.model_validate(entry.value)
            for key, entry in stored.items()
            if entry.value is not None
        }

    async def change(self, document_id: str, rule: Callable[[D | None], D]) -> D:
        """Apply ``rule`` and store its answer, if that is new. Raises what the rule raises."""
        return await decided(lambda: self._once(document_id, rule))

    async def make(self, document_id: str, rule: Callable[[D | None], D]) -> D:
        """Do as `change`, for an id that is most likely new: what is stored under it is looked at
        only when something is, or when ``rule`` refuses one that is new."""
        with suppress(Changed, Refusal):
            made = rule(None)
            await self._write(document_id, made, None)
            return made
        return await self.change(document_id, rule)

    async def add(self, document_id: str, document: D) -> None:
        """Store a document, unless the id has one."""
        with suppress(Changed):
            await self._write(document_id, document, None)

    async def _once(self, document_id: str, rule: Callable[[D | None], D]) -> D:
        known, etag = await self._read(document_id)
        changed = rule(known)
        if changed != known:
            await self._write(document_id, changed, etag)
        return changed

    async def _write(self, document_id: str, document: D, etag: str | None) -> None:
        write = Write(self._key(document_id), document.model_dump(mode="json"), etag)
        await self._state.write([write])

    async def _read(self, document_id: str) -> tuple[D | None, str | None]:
        key = self._key(document_id)
        stored = (await self._state.read([key]))[key]
        if stored.value is None:
            return None, None
        return self._model.model_validate(stored.value), stored.etag

    def _key(self, document_id: str) -> str:
        return f"{self._prefix}:{document_id}"
