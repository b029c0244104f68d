"""NotificationService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response

from base.errors import Refusal
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId
from kit.documents import Documents
from kit.service import create_service
from services.notification.binding import MailBinding
from services.notification.calendar import entries
from services.notification.models import Confirmation, NotificationRequest, NotificationState
from services.notification.notices import Notices, NoticeSettings
from services.notification.outbox import Outbox, Sent
from services.notification.sink import SinkSettings, sink

_STORE = "notification-store"


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    notices = Notices(NoticeSettings().folder)
    async with sink(SinkSettings()):
        sent = Documents(StateStore(sidecar, _STORE), "notification", Sent)
        app.state.outbox = Outbox(sent, MailBinding(sidecar), notices)
        yield


async def _outbox(request: Request) -> Outbox:
    found: Outbox = request.app.state.outbox
    return found


Sending = Annotated[Outbox, Depends(_outbox)]

app = create_service(
    "NotificationService",
    _STORE,
    _live,
    {
        "unknown_notification": 404,
        "unknown_template": 422,
        "missing_fact": 422,
        "invalid_fact": 422,
    },
)


@app.put(
    "/notifications/{notification_id}",
    tags=["notifications"],
    summary="Send; repeated with the same body, the same answer and no second mail",
    responses=problems(409, 422),
)
async def send(
    notification_id: ResourceId, wanted: NotificationRequest, outbox: Sending
) -> NotificationState:
    return _to_wire(await outbox.send(notification_id, wanted))


@app.get(
    "/notifications/{notification_id}",
    tags=["notifications"],
    summary="Look at a notification",
    responses=problems(404),
)
async def get(notification_id: ResourceId, outbox: Sending) -> NotificationState:
    return _to_wire(await outbox.get(notification_id))


@app.get(
    "/notifications/{notification_id}/calendar.ics",
    tags=["notifications"],
    summary="A confirmed trip as a calendar file",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}, **problems(404)},
)
async def calendar(notification_id: ResourceId, outbox: Sending) -> Response:
    sent = await outbox.get(notification_id)
    if sent.request["template"] != "confirmation":
        raise Refusal("no_calendar", f"{notification_id} is no confirmation.")
    trip = Confirmation.model_validate(sent.request, extra="ignore")
    return Response(entries(trip, sent.sent_at), media_type="text/calendar")


def _to_wire(sent: Sent) -> NotificationState:
    return NotificationState(
        id=sent.id,
        status="sent",
        to=sent.to,
        subject=sent.subject,
        text=sent.text,
        sent_at=sent.sent_at,
    )
