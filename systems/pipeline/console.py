"""The console's pages that only runs have: logs, the decision on a release, the environments."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import StringConstraints, ValidationError

from base.errors import Unavailable
from sagas.engine.cases import Forbidden, NotNow
from sagas.engine.participants import Participants
from sagas.web.console.showing import Show
from sagas.web.routes import CaseId, CasesOf
from systems.pipeline.answers import BUILD, DEPLOY, SCAN, TEST
from systems.pipeline.heard import APPROVAL, Approval

_NO_ANSWER = "The service does not answer just now. Nothing may have been changed; try again."
_SERVICES = {"build": BUILD, "tests": TEST, "scan": SCAN, "integration": TEST}
_TAIL_BYTES = 32 * 1024
_NOTIFICATION = "notification-service"

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
    async def job_page(request: Request, run_id: CaseId, job: Job) -> Response:
        """Show what a job does, and the end of its log."""
        return await shown(request, run_id, job, "job.html")

    @router.get("/console/runs/{run_id}/jobs/{job}/live")
    async def job_live(request: Request, run_id: CaseId, job: Job) -> Response:
        return await shown(request, run_id, job, "_job.html")


def _add_decision(router: APIRouter, show: Show) -> None:
    path = "/console/runs/{run_id}/decision"

    @router.get(path)
    async def form(request: Request, run_id: CaseId, release: Digest) -> Response:
        """Ask who decides on a release, and how."""
        return show(request, "decision.html", run_id=run_id, release=release)

    @router.post(path)
    async def decide(
        request: Request,
        run_id: CaseId,
        cases: CasesOf,
        release: Annotated[Digest, Form()],
        decision: Annotated[Literal["approve", "refuse"], Form()],
        by: Annotated[str, Form()] = "",
    ) -> Response:
        try:
            said = Approval(by=by, approved=decision == "approve")
            await cases.signal(run_id, APPROVAL, release, said)
        except ValidationError:
            return show(request, "said.html", 422, run_id=run_id, said="Say who you are.")
        except Forbidden as no:
            return show(request, "said.html", 403, run_id=run_id, said=str(no))
        except NotNow as no:
            return show(request, "said.html", 409, run_id=run_id, said=str(no))
        return RedirectResponse(f"/console/runs/{run_id}", 303)


def _add_environments(router: APIRouter, show: Show) -> None:
    async def shown(request: Request, page: str) -> Response:
        found = await _looked(request, DEPLOY, "environments")
        return show(request, page, environments=(found or {}).get("environments"))

    @router.get("/console/environments")
    async def environments(request: Request) -> Response:
        """Show what is live where, who holds it, and what was live before."""
        return await shown(request, "environments.html")

    @router.get("/console/environments/live")
    async def live(request: Request) -> Response:
        return await shown(request, "_environments.html")

    @router.post("/console/environments/{name}/rollback")
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
