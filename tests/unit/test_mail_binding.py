"""Handing mails to the sidecar: one at a time, for the binding mixes up what comes together."""

import asyncio
from typing import Any

import pytest
from fastapi_problem.error import Problem

from services.notification import binding
from services.notification.binding import MailBinding
from services.notification.mail import Mail


class FakeSidecar:
    """Answers with ``status``, and counts how many requests are under way at once."""

    def __init__(self, status: int = 204) -> None:
        self.status = status
        self.under_way = self.most = 0
        self.subjects: list[str] = []

    async def call(self, _: str, __: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.subjects.append(body["metadata"]["subject"])
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return self.status, {"detail": "no"}


def mail(number: int) -> Mail:
    return Mail(to=f"{number}@example.com", subject=str(number), html="<p>", text="-")


def send(sidecar: FakeSidecar, count: int) -> list[Any]:
    async def all_at_once() -> list[Any]:
        mails = MailBinding(sidecar)  # type: ignore[arg-type]
        sends = (mails.send(mail(number)) for number in range(count))
        return await asyncio.gather(*sends, return_exceptions=True)

    return asyncio.run(all_at_once())


def test_mails_go_one_at_a_time() -> None:
    sidecar = FakeSidecar()
    assert send(sidecar, 20) == [None] * 20
    assert sidecar.most == 1
    assert len(set(sidecar.subjects)) == 20


def test_a_mail_that_is_not_taken_does_not_hold_up_the_next() -> None:
    outcomes = send(FakeSidecar(status=500), 3)
    assert [type(outcome) for outcome in outcomes] == [Problem] * 3


def test_a_mail_whose_turn_does_not_come_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "_QUEUED_SECONDS", 0.01)

    class Hanging(FakeSidecar):
        async def call(self, *_: Any) -> tuple[int, Any]:
            await asyncio.sleep(0.1)
            return 204, None

    sent, waited = send(Hanging(), 2)
    assert sent is None
    assert isinstance(waited, Problem)
    assert "waiting" in (waited.detail or "")
