"""The saga of a run: check out, build, test and scan, stage, approve, deploy, bake; or undo."""

from sagas import Done, Durable, Kind, Saga, Shown, Step
from systems.pipeline import heard, mail
from systems.pipeline.answers import BUILD, DEPLOY, SCAN, TEST, Ended, Health, Leased, Live, Source
from systems.pipeline.request import RunRequest
from systems.pipeline.terms import RunTerms
from systems.pipeline.words import EXAMPLE, WORDS

_LEASE = "environments/{resource}/leases/{case}"
_DEPLOYMENT = "environments/{resource}/deployments/{case}"

# name, service, request, resource, answer, undone by
clear = Step("clear workspace", BUILD, "POST workspaces/{id}/undo", "workspace", Done)
check_out = Step("check out", BUILD, "PUT workspaces/{id}", "workspace", Source, clear)
tidy = Step("tidy up", BUILD, "POST workspaces/{id}/undo", "workspace", Done)
free = Step("give back", DEPLOY, f"POST {_LEASE}/release", "production", Done)


def _job(name: str, service: str) -> tuple[Step[Done], Step[Ended]]:
    """Return the step that starts a job, undone by killing it, and the one that looks at it."""
    kill = Step(f"kill {name}", service, "POST jobs/{id}/undo", name, Shown)
    start = Step(name, service, "PUT jobs/{id}", name, Done, kill)
    return start, Step(f"look at {name}", service, "GET jobs/{id}", name, Ended, check=Ended.known)


build, look_at_build = _job("build", BUILD)
tests, look_at_tests = _job("tests", TEST)
scan, look_at_scan = _job("scan", SCAN)
integration, look_at_integration = _job("integration", TEST)
CHECKS = [
    (heard.BUILT, look_at_build),
    (heard.TESTED, look_at_tests),
    (heard.SCANNED, look_at_scan),
]


class Place:
    """The steps at an environment: hold it, put a release there, let that stay."""

    def __init__(self, name: str) -> None:
        give_back = Step(f"release {name}", DEPLOY, f"POST {_LEASE}/release", name, Done)
        self.lease = Step(f"lease {name}", DEPLOY, f"PUT {_LEASE}", name, Leased, give_back)
        look = f"look at lease of {name}"
        self.look = Step(look, DEPLOY, f"GET {_LEASE}", name, Leased, check=Leased.known)
        restore = Step(f"restore {name}", DEPLOY, f"POST {_DEPLOYMENT}/undo", name, Shown)
        self.deploy = Step(f"deploy to {name}", DEPLOY, f"PUT {_DEPLOYMENT}", name, Live, restore)
        keep = f"keep in {name}"
        self.keep = Step(keep, DEPLOY, f"POST {_DEPLOYMENT}/keep", name, Shown, pivot=True)


STAGING, PRODUCTION = Place("staging"), Place("production")
REST = [free.about("staging"), free.about("production"), tidy]


def release(saga: Saga, run: RunRequest) -> Durable[None]:
    """Bring a commit to production, or put back all that was there before."""
    terms = saga.terms(RunTerms)
    source = yield from saga.run(check_out.given(repository=run.repository, commit=run.commit))
    digest = yield from _checked(saga, source)
    _, staged = yield from _deployed(saga, STAGING, digest)
    against = {"url": staged.url, "release": digest}
    yield from saga.run(integration.given(commit=source.commit, against=against))
    integrated = heard.INTEGRATED.asked(look_at_integration, terms.wait("look"))
    yield from saga.hear(integrated, within=terms.wait("job"))
    yield from saga.first_of(
        heard.APPROVAL, heard.OVERTAKEN, within=terms.wait("approval"), attempt=digest
    )
    fence, _ = yield from _deployed(saga, PRODUCTION, digest)
    well = Health(status="healthy")
    bake = terms.wait("bake")
    yield from saga.hear(heard.HEALTH, within=bake, attempt="production", late=well)
    yield from saga.run(PRODUCTION.keep.given(fence=fence))
    yield from saga.together(*REST)


def _checked(saga: Saga, source: Source) -> Durable[str]:
    """Build, test and scan side by side; return the digest of what was built. The first that does
    not pass stops the run, and so the others are killed."""
    terms, digest = saga.terms(RunTerms), ""
    at = int(source.committed_at.timestamp())
    yield from saga.together(
        build.given(commit=source.commit, committedAt=at),
        tests.given(commit=source.commit),
        scan.given(commit=source.commit),
    )
    within, every = terms.wait("job"), terms.wait("look")
    ears = [saga.listen(said.asked(look, every), within=within) for said, look in CHECKS]
    for _ in ears:
        ended = yield from saga.first(*ears)
        digest = ended.digest or digest
    return digest


def _deployed(saga: Saga, place: Place, digest: str) -> Durable[tuple[int | None, Live]]:
    """Hold an environment, once it is this run's turn, and put the release there."""
    terms = saga.terms(RunTerms)
    held = yield from saga.run(place.lease)
    if held.status == "queued":
        leased = heard.LEASED.asked(place.look, terms.wait("queue_look"))
        held = yield from saga.hear(leased, terms.wait("queue"), attempt=place.lease.resource)
    live = yield from saga.run(place.deploy.given(release=digest, fence=held.fence))
    return held.fence, live


RUN = Kind(
    noun="run",
    done="released",
    request=RunRequest,
    rows={
        "check out": [check_out],
        "checks": [build, tests, scan],
        "look": [*(look for _, look in CHECKS), look_at_integration, STAGING.look, PRODUCTION.look],
        "lease staging": [STAGING.lease],
        "stage": [STAGING.deploy],
        "integration": [integration],
        "lease production": [PRODUCTION.lease],
        "deploy": [PRODUCTION.deploy],
        "keep": [PRODUCTION.keep],
        "rest": REST,
        "send": [mail.RELEASED, mail.STOPPED],
    },
    signals=heard.SIGNALS,
    workflows=[release],
    terms=RunTerms,
    closing=mail.end,
    owner=lambda run: run.author_id,
    title=lambda run: f"{run.commit} of {run.repository}",
    words=WORDS,
    example=EXAMPLE,
)
