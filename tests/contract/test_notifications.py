"""What NotificationService promises, whoever implements it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes

import httpx

from runtime.system import System
from tests.support.world import NOTIFICATION
from tests.unit.test_mail import FACTS


def test_a_notification_sent_many_times_at_once_is_one_mail(
    client_of: Callable[[str], httpx.Client], new_id: Callable[[], str], system: System
) -> None:
    notifications, trip_id = client_of(NOTIFICATION), new_id()
    path, body = f"/notifications/{trip_id}:confirmation", FACTS | {"tripId": trip_id}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: notifications.put(path, json=body), range(8)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].status_code == 200
    assert len(list((system.home / "data" / "mails").glob(f"*{trip_id}*"))) == 1
    assert notifications.get(path).json() == answers[0].json()


def test_of_many_mails_at_once_each_has_its_own_address_subject_and_text(
    client_of: Callable[[str], httpx.Client], new_id: Callable[[], str], system: System
) -> None:
    notifications, trip_ids = client_of(NOTIFICATION), [new_id() for _ in range(200)]

    def send(trip_id: str) -> int:
        body = FACTS | {"tripId": trip_id, "to": f"{trip_id}@example.com"}
        return notifications.put(f"/notifications/{trip_id}:confirmation", json=body).status_code

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(send, trip_ids)) == {200}
    for trip_id in trip_ids:
        [path] = (system.home / "data" / "mails").glob(f"*{trip_id}*")
        mail = message_from_bytes(path.read_bytes())
        assert mail["To"] == f"{trip_id}@example.com"
        assert trip_id.encode() in mail.get_payload(decode=True)


def test_other_content_under_the_same_id_is_refused(
    client_of: Callable[[str], httpx.Client], new_id: Callable[[], str]
) -> None:
    notifications, path = client_of(NOTIFICATION), f"/notifications/{new_id()}"
    notifications.put(path, json=FACTS)
    answer = notifications.put(path, json=FACTS | {"to": "bob@example.com"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "idempotency_conflict")


def test_an_unknown_notification_is_unknown(
    client_of: Callable[[str], httpx.Client], new_id: Callable[[], str]
) -> None:
    answer = client_of(NOTIFICATION).get(f"/notifications/{new_id()}")
    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_notification")
