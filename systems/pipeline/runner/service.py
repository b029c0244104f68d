"""The app of a service that runs jobs: take one, look at it, read its log, undo it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from base.app import Lifespan
from base.errors import Refusal
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId, Wire, as_asked
from kit.callback import Callback
from kit.documents import Documents
from kit.once import Deed, Deeds
from kit.problems import Statuses
from kit.service import create_service
from systems.pipeline.folders import FolderSettings, PipelineFolder
from systems.pipeline.orchestration import RUNS, OrchestratorSettings
from systems.pipeline.runner import logs
from systems.pipeline.runner.jobs import Job
from systems.pipeline.runner.logs import Followers
from systems.pipeline.runner.models import JobState, LogPage
from systems.pipeline.runner.runner import Order, Runner, RunnerSettings, is_over

W = TypeVar("W", bound=Wire)

JobId = Annotated[ResourceId, Path(alias="job_id")]


def create_runner_service(
    title: str,
    name: str,
    module: str,
    asked: type[W],
    statuses: Statuses | None = None,
    lifespan: Lifespan | None = None,
    order: Order = as_asked,
) -> FastAPI:
    """Return an app that runs jobs: ``PUT /jobs/{id}`` with a body of the type ``asked`` starts the
    Python module ``module`` once. ``name`` is that of its store (``{name}-store``) and its folder;
    ``lifespan`` wires what else it has, ``order`` makes what the process is told."""

    @asynccontextmanager
    async def live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
        app.state.home = home = PipelineFolder(FolderSettings().pipeline_folder)
        kept = Documents(StateStore(sidecar, f"{name}-store"), "job", Deed[Job])
        orchestrator = OrchestratorSettings().orchestrator_app_id
        async with Callback(sidecar, orchestrator, RUNS) as callback:
            settings = RunnerSettings()
            runner = Runner(name, module, Deeds("job", kept), callback, home, settings, order)
            app.state.runner, app.state.followers = runner, Followers(settings.log_streams)
            recovering = asyncio.create_task(runner.recover())
            try:
                async with (lifespan or _nothing_else)(app, sidecar):
                    yield
            finally:
                recovering.cancel()
                with suppress(asyncio.CancelledError):
                    await recovering
                await runner.close()

    known = {"unknown_job": 404, "unknown_report": 404, "too_many_followers": 429}
    known |= dict(statuses or {})
    app = create_service(title, f"{name}-store", live, known)
    app.include_router(_routes(name, asked))
    return app


async def _runner(request: Request) -> Runner:
    found: Runner = request.app.state.runner
    return found


async def _followers(request: Request) -> Followers:
    found: Followers = request.app.state.followers
    return found


RunnerOf = Annotated[Runner, Depends(_runner)]
FollowersOf = Annotated[Followers, Depends(_followers)]


def _routes(name: str, asked: type[W]) -> APIRouter:
    routes = APIRouter(prefix="/jobs/{job_id}", tags=["jobs"])

    @routes.put(
        "",
        status_code=202,
        summary="Start a job, once; the signal of its name says when it is over",
        responses=problems(409, 422),
    )
    async def take(job_id: JobId, wanted: asked, runner: RunnerOf) -> JobState:  # type: ignore[valid-type]
        return _state(await runner.take(job_id, wanted))

    @routes.post("/undo", summary="Kill it, if it runs; of something unknown, leave a tombstone")
    async def kill(job_id: JobId, runner: RunnerOf) -> JobState:
        return _state(await runner.kill(job_id))

    @routes.get("", summary="Look at it", responses=problems(404))
    async def look(job_id: JobId, runner: RunnerOf) -> JobState:
        return _state(await runner.look(job_id))

    @routes.get("/log", summary="Read a part of its log", responses=problems(404))
    async def log(
        request: Request,
        job_id: JobId,
        runner: RunnerOf,
        offset: int = 0,
        most: Annotated[int, Query(ge=1, le=logs.MOST_BYTES)] = logs.MOST_BYTES,
    ) -> LogPage:
        """``offset`` is in bytes; a negative one is counted from the end."""
        over = is_over(await runner.look(job_id))
        path = request.app.state.home.job(name, job_id) / "log"
        return await asyncio.to_thread(logs.page, path, offset, over, most)

    async def followed(
        job_id: JobId, runner: RunnerOf, followers: FollowersOf
    ) -> AsyncIterator[str]:
        await runner.look(job_id)
        with followers.one():
            yield job_id

    @routes.get(
        "/log/events",
        summary="Its log, live, as server-sent events",
        response_class=EventSourceResponse,
        responses=problems(404, 429),
    )
    async def follow(
        request: Request,
        known_id: Annotated[str, Depends(followed)],
        runner: RunnerOf,
        offset: Annotated[int, Query(ge=0)] = 0,
        last_event_id: Annotated[int | None, Header(ge=0)] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Each event's ``id`` is the offset after it: ``Last-Event-ID`` goes on from there. The
        last event, ``over``, tells what became of the job. 429: too many follow a log."""
        path = request.app.state.home.job(name, known_id) / "log"
        start = offset if last_event_id is None else last_event_id
        async for told in logs.follow(path, start, lambda: runner.is_over(known_id)):
            yield ServerSentEvent(raw_data=told.model_dump_json(by_alias=True), id=str(told.next))
        state = _state(await runner.look(known_id)).model_dump_json(by_alias=True)
        yield ServerSentEvent(raw_data=state, event="over")

    @routes.get(
        "/reports/{report}",
        summary="Read a report that it made, such as sbom.json",
        response_class=FileResponse,
        responses=problems(404),
    )
    async def report(
        request: Request,
        job_id: JobId,
        report: Annotated[str, Path(pattern=r"^[a-z]{1,32}\.(json|xml)$")],
        runner: RunnerOf,
    ) -> FileResponse:
        await runner.look(job_id)
        path = request.app.state.home.job(name, job_id) / "reports" / report
        if not path.is_file():
            raise Refusal("unknown_report", f"{job_id} made no {report}.")
        return FileResponse(path)

    return routes


def _state(deed: Deed[Job]) -> JobState:
    if deed.result is None:
        return JobState(id=deed.id, status="killed")
    killed = deed.status == "undone" and not deed.result.over
    kept = deed.result.model_dump() | ({"status": "killed"} if killed else {})
    return JobState.model_validate({"id": deed.id, **kept}, extra="ignore")


@asynccontextmanager
async def _nothing_else(_: FastAPI, __: Sidecar) -> AsyncIterator[None]:
    yield
