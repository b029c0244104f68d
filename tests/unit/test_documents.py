"""Documents that are changed by a rule, over a store in memory."""

import asyncio

import pytest
from pydantic import BaseModel

from base.errors import Refusal
from kit.documents import Documents
from tests.support.memory import MemoryStore


class Count(BaseModel):
    value: int


def one_more(known: Count | None) -> Count:
    return Count(value=known.value + 1 if known else 1)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def documents(store: MemoryStore) -> Documents[Count]:
    return Documents(store, "count", Count)  # type: ignore[arg-type]


def test_a_document_is_what_its_rule_made_of_it(documents: Documents[Count]) -> None:
    assert asyncio.run(documents.get("a")) is None
    asyncio.run(documents.change("a", one_more))
    assert asyncio.run(documents.change("a", one_more)) == Count(value=2)
    assert asyncio.run(documents.get("a")) == Count(value=2)


def test_a_rule_decides_again_when_another_writer_comes_first(
    documents: Documents[Count], store: MemoryStore
) -> None:
    def come_first() -> None:
        store.values["count:a"] = {"value": 10}
        store._versions["count:a"] = 7

    store.before_write = come_first
    assert asyncio.run(documents.change("a", one_more)) == Count(value=11)


def test_what_does_not_change_is_not_written(
    documents: Documents[Count], store: MemoryStore
) -> None:
    asyncio.run(documents.change("a", one_more))
    version = store._versions["count:a"]
    asyncio.run(documents.change("a", lambda known: known or Count(value=0)))
    assert store._versions["count:a"] == version


def test_a_refusal_changes_nothing(documents: Documents[Count], store: MemoryStore) -> None:
    def refuse(_: Count | None) -> Count:
        raise Refusal("no", "No.")

    with pytest.raises(Refusal):
        asyncio.run(documents.change("a", refuse))
    assert store.values == {}


def test_what_is_added_takes_no_other_document_s_place(documents: Documents[Count]) -> None:
    asyncio.run(documents.add("a", Count(value=1)))
    asyncio.run(documents.add("a", Count(value=2)))
    assert asyncio.run(documents.get("a")) == Count(value=1)


def test_of_many_documents_those_that_are_stored_are_read_at_once(
    documents: Documents[Count], store: MemoryStore
) -> None:
    asyncio.run(documents.add("b", Count(value=2)))
    asyncio.run(documents.add("a", Count(value=1)))
    reads = store.reads
    many = asyncio.run(documents.many(["a", "x", "b"]))
    assert list(many.items()) == [("a", Count(value=1)), ("b", Count(value=2))]
    assert store.reads == reads + 1
    assert asyncio.run(documents.many([])) == {}
    assert store.reads == reads + 1


def test_what_is_new_is_made_without_a_look(
    documents: Documents[Count], store: MemoryStore
) -> None:
    assert asyncio.run(documents.make("a", one_more)) == Count(value=1)
    assert store.values["count:a"] == {"value": 1}
    assert store.reads == 0


def test_what_was_there_after_all_is_decided_on(documents: Documents[Count]) -> None:
    asyncio.run(documents.make("a", one_more))
    assert asyncio.run(documents.make("a", one_more)) == Count(value=2)
    assert asyncio.run(documents.make("a", lambda known: known or Count(value=9))) == Count(value=2)


def test_what_a_rule_refuses_of_something_new_is_refused_only_if_it_is_new(
    documents: Documents[Count], store: MemoryStore
) -> None:
    def only_known(known: Count | None) -> Count:
        if known is None:
            raise Refusal("unknown", "There is none.")
        return known

    with pytest.raises(Refusal):
        asyncio.run(documents.make("a", only_known))
    assert store.values == {}
    asyncio.run(documents.make("a", one_more))
    assert asyncio.run(documents.make("a", only_known)) == Count(value=1)
