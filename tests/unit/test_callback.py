"""A participant tells the orchestrator: again while that fails, in order, and never in silence."""

import asyncio
import logging
from typing import Any

import pytest

from base.errors import Unavailable
from base.wire import Wire
from kit.callback import Callback


class Packed(Wire):
    """What the signal says."""

    by_whom: str


class Orchestrator:
    """Answers each call with the next of ``answers``, an error or a status; then with 200."""

    def __init__(self, *answers: int | Unavailable) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, str, Any]] = []
        self.pauses: list[float] = []

    async def call(self, verb: str, url: str, body: Any = None) -> tuple[int, Any]:
        self.calls.append((verb, url, body))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Unavailable):
            raise answer
        return answer, None

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)


def calling(orchestrator: Orchestrator) -> Callback:
    return Callback(orchestrator, "order-orchestrator", "orders", orchestrator.pause)  # type: ignore[arg-type]


async def tell(orchestrator: Orchestrator, *names: str) -> None:
    async with calling(orchestrator) as callback:
        for name in names:
            callback.tell("o-1:pick-2", "packed", Packed(by_whom=name))
        await callback.told()


def test_the_case_is_told_with_the_attempt_that_is_answered() -> None:
    orchestrator = Orchestrator()
    asyncio.run(tell(orchestrator, "Ann"))
    url = "/v1.0/invoke/order-orchestrator/method/orders/o-1/signals/packed"
    assert orchestrator.calls == [("POST", url, {"attempt": "pick-2", "byWhom": "Ann"})]


def test_it_is_told_again_while_that_fails_each_time_later() -> None:
    orchestrator = Orchestrator(Unavailable("gone"), 503, 429)
    asyncio.run(tell(orchestrator, "Ann"))
    assert len(orchestrator.calls) == 4
    assert orchestrator.pauses == sorted(orchestrator.pauses)
    assert len(set(orchestrator.pauses)) == 3


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_refusal_is_final_and_in_the_log(status: int, caplog: pytest.LogCaptureFixture) -> None:
    orchestrator = Orchestrator(status)
    asyncio.run(tell(orchestrator, "Ann"))
    assert len(orchestrator.calls) == 1
    assert f"refused with {status}" in caplog.text


def test_words_about_one_resource_keep_their_order_while_the_first_fails() -> None:
    orchestrator = Orchestrator(503, 503)
    asyncio.run(tell(orchestrator, "Ann", "Bob"))
    assert [body["byWhom"] for _, _, body in orchestrator.calls] == ["Ann", "Ann", "Ann", "Bob"]


def test_patience_ends_after_some_minutes_with_an_error_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    orchestrator = Orchestrator(*[503] * 1000)
    asyncio.run(tell(orchestrator, "Ann"))
    assert 400 < sum(orchestrator.pauses) < 800
    [error] = [line for line in caplog.records if line.levelno == logging.ERROR]
    assert "orders/o-1/signals/packed" in error.getMessage()


def test_what_is_not_delivered_when_the_service_ends_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def live() -> None:
        orchestrator = Orchestrator(*[503] * 1000)
        waiting = asyncio.Event()

        async def pause(_: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

        async with Callback(orchestrator, "o", "orders", pause) as callback:  # type: ignore[arg-type]
            callback.tell("o-1:pick-2", "packed", Packed(by_whom="Ann"))
            await waiting.wait()

    asyncio.run(live())
    assert "orders/o-1/signals/packed is not delivered: the service ends" in caplog.text
