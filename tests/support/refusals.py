"""What is refused: with which reason, for programs, and with words, for people."""

from collections.abc import Awaitable, Callable

import pytest

from base.errors import Refusal


def refused(reason: str, call: Callable[[], object], *words: str) -> None:
    """The call is refused for this reason, in a sentence with these words."""
    with pytest.raises(Refusal) as refusal:
        call()
    check(refusal.value, reason, *words)


async def refused_later(reason: str, call: Awaitable[object]) -> None:
    """The same of something that is awaited."""
    with pytest.raises(Refusal) as refusal:
        await call
    check(refusal.value, reason)


def check(refusal: Refusal | None, reason: str, *words: str) -> None:
    """A refusal has this reason and is a sentence with these words."""
    assert refusal is not None
    assert refusal.reason == reason
    assert refusal.detail.endswith(".")
    for word in words:
        assert word in refusal.detail
