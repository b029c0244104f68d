"""The console's pages that only runs have: logs, the decision on a release, the environments."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import StringConstraints, ValidationError

from base.errors import Unavailable
from sagas.engine.cases import Forbidden, NotNow
from sagas.engine.participants import Participants
from sagas.people.identity import by as logged_in
from sagas.web.console.showing import Show
from sagas.web.people.deeds import Deed, asks
from sagas.web.problems import unknown
from sagas.web.routes import CaseId, CasesOf
from systems.pipeline.answers import BUILD, DEPLOY, SCAN, TEST
from systems.pipeline.heard import APPROVAL, Approval
from systems.pipeline.release import RUN

_NO_ANSWER = "The service does not answer just now. Nothing may have been changed; try again."
_SERVICES = {"build": BUILD, "tests": TEST, "scan": SCAN, "integration": TEST}
_TAIL_BYTES = 32 * 1024
_NOTIFICATION = "notification-service"
ASKS = [
    (_NOTIFICATION, "GET notifications/{id}"),
    *((service, "GET jobs/{id}/log") for service in (BUILD, TEST, SCAN)),
    (DEPLOY, "GET environments"),
    (DEPLOY, "POST environments/{id}/rollback"),
]
"""What the pages ask of services besides the saga's steps."""

Job = Literal["build", "tests", "scan", "integration"]
Mail = Annotated[str, Path(pattern=r"^(released|stopped)$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def pages(show: Show) -> APIRouter:
    """Return the routes of these pages."""
    router = APIRouter()
    _add_logs(router, show)
    _add_decision(router, show)
    _add_environments(router, show)

    @router.get("/console/runs/{run_id}/mails/{kind}")
    @asks(Deed.LOOK)
    async def mail(request: Request, run_id: CaseId, kind: Mail) -> Response:
        """Show a mail about a run as it was sent."""
        sent = await _looked(request, _NOTIFICATION, f"notifications/{run_id}:{kind}")
        if sent is None:
            return _unanswered(show, request, run_id)
        return show(request, "mail.html", run_id=run_id, mail=sent)

    return router


def _add_logs(router: APIRouter, show: Show) -> None:
    async def shown(request: Request, run_id: str, job: Job, page: str) -> Response:
        path = f"jobs/{run_id}:{job}"
        state = await _looked(request, _SERVICES[job], path)
        log = await _looked(
            request, _SERVICES[job], f"{path}/log?offset=-{_TAIL_BYTES}&most={_TAIL_BYTES}"
        )
        if state is None or log is None:
            return _unanswered(show, request, run_id)
        return show(request, page, run_id=run_id, job=job, state=state, log=log)

    @router.get("/console/runs/{run_id}/jobs/{job}")
    @asks(Deed.LOOK)
    async def job_page(request: Request, run_id: CaseId, job: Job) -> Response:
        """Show what a job does, and the end of its log."""
        return await shown(request, run_id, job, "job.html")

    @router.get("/console/runs/{run_id}/jobs/{job}/live")
    @asks(Deed.LOOK)
    async def job_live(request: Request, run_id: CaseId, job: Job) -> Response:
        return await shown(request, run_id, job, "_job.html")


def _add_decision(router: APIRouter, show: Show) -> None:
    path = "/console/runs/{run_id}/decision"

    @router.get(path)
    @asks(Deed.DECIDE)
    async def form(request: Request, run_id: CaseId, release: Digest) -> Response:
        """Ask who decides on a release, and how."""
        facts = {"run_id": run_id, "release": release, "me": logged_in() or ""}
        return show(request, "decision.html", **facts)

    @router.post(path)
    @asks(Deed.DECIDE)
    async def decide(
        request: Request,
        run_id: CaseId,
        cases: CasesOf,
        release: Annotated[Digest, Form()],
        decision: Annotated[Literal["approve", "refuse"], Form()],
        by: Annotated[str, Form()] = "",
    ) -> Response:
        """Say what is decided: in the name of who is logged in, if anybody is."""
        me = logged_in()
        try:
            said = Approval(by=me or by, approved=decision == "approve")
            record = await cases.signal(run_id, APPROVAL, release, said, me)
        except ValidationError:
            return show(request, "said.html", 422, run_id=run_id, said="Say who you are.")
        except Forbidden as no:
            return show(request, "said.html", 403, run_id=run_id, said=str(no))
        except NotNow as no:
            return show(request, "said.html", 409, run_id=run_id, said=str(no))
        if record is None:
            raise unknown(RUN, run_id)
        return RedirectResponse(f"/console/runs/{run_id}", 303)


def _add_environments(router: APIRouter, show: Show) -> None:
    async def shown(request: Request, page: str) -> Response:
        found = await _looked(request, DEPLOY, "environments")
        return show(request, page, environments=(found or {}).get("environments"))

    @router.get("/console/environments")
    @asks(Deed.WATCH)
    async def environments(request: Request) -> Response:
        """Show what is live where, who holds it, and what was live before."""
        return await shown(request, "environments.html")

    @router.get("/console/environments/live")
    @asks(Deed.WATCH)
    async def live(request: Request) -> Response:
        return await shown(request, "_environments.html")

    @router.post("/console/environments/{name}/rollback")
    @asks(Deed.MANAGE)
    async def roll_back(
        request: Request,
        name: Annotated[str, Path(pattern="^[a-z]{1,32}$")],
        release: Annotated[Digest, Form()],
    ) -> Response:
        """Go back to a release."""
        services: Participants = request.app.state.services
        path = f"environments/{name}/rollback"
        try:
            answer = await services.invoke(DEPLOY, "POST", path, {"release": release})
        except Unavailable:
            return _unanswered(show, request, "")
        if answer.refusal:
            return show(request, "said.html", 409, run_id="", said=answer.refusal.detail)
        return RedirectResponse("/console/environments", 303)


async def _looked(request: Request, service: str, path: str) -> dict[str, Any] | None:
    """Return what a service shows, nothing of what it does not know; None without an answer."""
    services: Participants = request.app.state.services
    try:
        return (await services.invoke(service, "GET", path)).value
    except Unavailable:
        return None


def _unanswered(show: Show, request: Request, run_id: str) -> Response:
    return show(request, "said.html", 503, run_id=run_id, said=_NO_ANSWER)
