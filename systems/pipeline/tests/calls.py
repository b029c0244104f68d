"""The calls of a run, as a proxy sees them."""

from systems.pipeline.tests.works import BUILD, DEPLOY, NOTIFICATION, SCAN, TEST
from tests.support.every_call import Call

CALLS = [
    Call("check out", BUILD, "PUT", "/workspaces/{}:workspace"),
    Call("build", BUILD, "PUT", "/jobs/{}:build"),
    Call("tests", TEST, "PUT", "/jobs/{}:tests"),
    Call("scan", SCAN, "PUT", "/jobs/{}:scan"),
    Call("lease staging", DEPLOY, "PUT", "/environments/staging/leases/{}"),
    Call("deploy to staging", DEPLOY, "PUT", "/environments/staging/deployments/{}"),
    Call("integration", TEST, "PUT", "/jobs/{}:integration"),
    Call("lease production", DEPLOY, "PUT", "/environments/production/leases/{}"),
    Call("deploy to production", DEPLOY, "PUT", "/environments/production/deployments/{}"),
]
KEEP = Call("keep in production", DEPLOY, "POST", "/environments/production/deployments/{}/keep")
GIVE_BACK = Call("give back", DEPLOY, "POST", "/environments/production/leases/{}/release")
FORWARD = [
    KEEP,
    GIVE_BACK,
    Call("tidy up", BUILD, "POST", "/workspaces/{}:workspace/undo"),
    Call("send release", NOTIFICATION, "PUT", "/notifications/{}:released"),
]
UNDONE = {
    "check out": ["clear workspace"],
    "build": ["kill build", "kill tests", "kill scan"],
    "tests": [],  # the three are begun together
    "scan": [],
    "lease staging": ["release staging"],
    "deploy to staging": ["restore staging"],
    "integration": ["kill integration"],
    "lease production": ["release production"],
    "deploy to production": ["restore production"],
}


def call(step: str) -> Call:
    """Return the call of a step."""
    return next(each for each in (*CALLS, *FORWARD) if each.step == step)


def undone_up_to(step: str) -> list[str]:
    """Return what undoes the steps up to this one, in the order in which that is done."""
    steps = list(UNDONE)
    begun = steps[: max(steps.index(step), 3 if step in ("build", "tests") else 0) + 1]
    return [undo for each in reversed(begun) for undo in UNDONE[each]]
