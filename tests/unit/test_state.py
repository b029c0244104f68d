"""What a Dapr state store's answers mean, over a sidecar that gives them."""

import asyncio
from typing import Any

import pytest

from base.errors import Changed, Unavailable
from base.state import StateStore, Write


class Sidecar:
    """Answers every call with a status and a body."""

    def __init__(self, status: int, answer: Any) -> None:
        self._answer = status, answer

    async def call(self, *_: Any) -> tuple[int, Any]:
        return self._answer


def write(status: int, message: str) -> None:
    answer = {"errorCode": "ERR_STATE_TRANSACTION", "message": message}
    store = StateStore(Sidecar(status, answer), "store")  # type: ignore[arg-type]
    asyncio.run(store.write([Write("key", {}, None)]))


@pytest.mark.parametrize("said", ["possible etag mismatch", "no item was updated"])
@pytest.mark.parametrize("before", ["", "an operation on " + "reservation:" + "t" * 300 + ": "])
def test_a_lost_race_is_told_from_a_fault_however_long_the_message(said: str, before: str) -> None:
    with pytest.raises(Changed):
        write(500, before + said)


def test_any_other_fault_may_pass() -> None:
    with pytest.raises(Unavailable, match="store answered 500: disk full"):
        write(500, "disk full")
