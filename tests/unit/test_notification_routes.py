"""NotificationService's routes with a store in memory and a mail server that keeps what it gets."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi_problem.error import Problem

from kit.documents import Documents
from services.notification.app import app
from services.notification.mail import Mail
from services.notification.notices import Notices
from services.notification.outbox import Outbox, Sent
from tests.support.memory import MemoryStore
from tests.unit.test_mail import FACTS as TRIP
from tests.unit.test_notices import FACTS, HTML, TEXT, with_mail

PATH = "/notifications/order-1:shipped"
NOTICE = {"template": "come", "to": "alice@example.com", "facts": FACTS}


class MailServer:
    """Keeps the mails that it gets; refuses all while it is ``down``."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.down = False

    async def send(self, mail: Mail) -> None:
        if self.down:
            raise Problem(title="Mail not sent", type_="mail_not_sent", status=503)
        self.mails.append(mail)


@pytest.fixture
def state() -> MemoryStore:
    """What the service has stored."""
    return MemoryStore()


@pytest.fixture
def server(state: MemoryStore, tmp_path: Path) -> MailServer:
    """The mail server of the app, which has one template, ``come``."""
    made = MailServer()
    sent = Documents(state, "notification", Sent)  # type: ignore[arg-type]
    notices = Notices(with_mail(tmp_path, "come", HTML, TEXT))
    app.state.outbox = Outbox(sent, made, notices)  # type: ignore[arg-type]
    return made


def asked(verb: str, path: str, *bodies: Any) -> list[httpx.Response]:
    """Return the answers to requests made at once; a body in bytes goes as it is."""

    async def all_at_once() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        url, headers = "http://localhost", {"Content-Type": "application/json"}
        async with httpx.AsyncClient(transport=transport, base_url=url, headers=headers) as client:
            return await asyncio.gather(
                *(client.request(verb, path, content=content(body)) for body in bodies)
            )

    return asyncio.run(all_at_once())


def content(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def put(body: Any, path: str = PATH) -> httpx.Response:
    return asked("PUT", path, body)[0]


def get(path: str) -> httpx.Response:
    return asked("GET", path, b"")[0]


def test_a_notice_is_sent_and_shown(server: MailServer) -> None:
    answer = put(NOTICE)
    assert answer.status_code == 200
    [mail] = server.mails
    told = answer.json()
    assert told.pop("sentAt").endswith("Z")
    assert told == {
        "id": "order-1:shipped",
        "status": "sent",
        "to": "alice@example.com",
        "subject": mail.subject,
        "text": mail.text,
    }
    assert get(PATH).json() == answer.json()


def test_the_same_notice_many_times_at_once_is_one_mail(server: MailServer) -> None:
    answers = asked("PUT", PATH, *[NOTICE] * 8)
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].status_code == 200
    assert put(NOTICE).text == answers[0].text
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    "other",
    [
        NOTICE | {"facts": FACTS | {"what": "Coffee"}},
        NOTICE | {"to": "bob@example.com"},
        NOTICE | {"template": "went"},
        TRIP,
    ],
    ids=["facts", "address", "template", "trip"],
)
def test_other_content_under_the_same_id_is_refused(server: MailServer, other: Any) -> None:
    put(NOTICE)
    answer = put(other)
    assert (answer.status_code, answer.json()["reason"]) == (409, "idempotency_conflict")
    assert len(server.mails) == 1


def test_what_is_refused_is_neither_sent_nor_stored_and_can_be_corrected(
    server: MailServer, state: MemoryStore
) -> None:
    unknown = put(NOTICE | {"template": "went"})
    assert (unknown.status_code, unknown.json()["reason"]) == (422, "unknown_template")
    assert "come" in unknown.json()["detail"]
    missing = put(NOTICE | {"facts": {"what": "Tea"}})
    assert (missing.status_code, missing.json()["reason"]) == (422, "missing_fact")
    assert "price" in missing.json()["detail"]
    invalid = put(NOTICE | {"facts": FACTS | {"price": "4.50"}})
    assert (invalid.status_code, invalid.json()["reason"]) == (422, "invalid_fact")
    assert (server.mails, state.values) == ([], {})
    assert put(NOTICE).status_code == 200


def test_a_notice_that_the_mail_server_did_not_take_can_be_sent_again(
    server: MailServer, state: MemoryStore
) -> None:
    server.down = True
    assert put(NOTICE).status_code == 503
    assert state.values == {}
    server.down = False
    assert put(NOTICE).status_code == 200
    assert len(server.mails) == 1


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_no_fact_adds_a_header(server: MailServer, end: str) -> None:
    answer = put(NOTICE | {"facts": FACTS | {"what": f"Tea{end}Bcc: eve@example.com"}})
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request")
    assert server.mails == []


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth > 1 else "x"


@pytest.mark.parametrize(
    "fact",
    [
        nested(8),
        "x" * 1_000,
        [1] * (2_000 - 10),  # the names and values of the other facts, and this fact's own
        [2**53 - 1, -(2**53) + 1, 0.1, True, None, "ü 🍵"],
    ],
    ids=["depth", "length", "count", "kinds"],
)
def test_facts_within_the_limits_are_told_and_known_again(server: MailServer, fact: Any) -> None:
    body = NOTICE | {"facts": FACTS | {"more": fact}}
    assert [put(body).status_code, put(body).status_code] == [200, 200]
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    "facts",
    [
        json.dumps({"x": nested(9)}),
        '{"x":' + "[" * 500 + "]" * 500 + "}",
        json.dumps({"x": "x" * 1_001}),
        json.dumps({"x" * 1_001: 1}),
        json.dumps({"x": [{"y\nz": 1}]}),
        json.dumps({"x": [1] * 1_999}),
        json.dumps({"x": 2**53}),
        '{"x": NaN}',
        '{"x": -Infinity}',
        '{"x": 1e999}',
        '{"x": "\\u0000"}',
        '{"x": "\\ud800"}',
        '{"\\ud800": 1}',
        "[]",
        "null",
        '"x"',
    ],
    ids=lambda facts: facts[:24],
)
def test_facts_beyond_the_limits_are_bad_input(server: MailServer, facts: str) -> None:
    body = f'{{"template": "come", "to": "alice@example.com", "facts": {facts}}}'
    answer = put(body.encode())
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request")
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 10_000
    assert server.mails == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"template": 5},
        {"template": ["confirmation"]},
        {"template": {}},
        {"template": ""},
        NOTICE | {"template": "confirmation"},
        NOTICE | {"tripId": "t1"},
        NOTICE | {"to": "alice"},
        NOTICE | {"to": "alice@example.com\nBcc: eve@example.com"},
        {name: value for name, value in NOTICE.items() if name != "facts"},
        TRIP | {"facts": {}},
    ],
    ids=str,
)
def test_what_is_neither_a_notice_nor_of_a_trip_is_bad_input(server: MailServer, body: Any) -> None:
    answer = put(body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request")
    assert server.mails == []


def test_a_notice_has_no_calendar_and_a_confirmation_has_one(server: MailServer) -> None:
    put(NOTICE)
    answer = get(f"{PATH}/calendar.ics")
    assert (answer.status_code, answer.json()["reason"]) == (409, "no_calendar")
    put(TRIP, "/notifications/t1:confirmation")
    assert "BEGIN:VCALENDAR" in get("/notifications/t1:confirmation/calendar.ics").text
    [_, confirmation] = server.mails
    assert confirmation.subject == "Your trip trip-001 is confirmed"


def test_the_document_has_a_type_for_every_mail() -> None:
    document = app.openapi()
    body = document["paths"]["/notifications/{notification_id}"]["put"]["requestBody"]
    kinds = body["content"]["application/json"]["schema"]["oneOf"]
    names = [kind["$ref"].rpartition("/")[2] for kind in kinds]
    assert names == ["Confirmation", "Cancellation", "Refusal", "Notice"]
