"""The calls of a run, as a proxy sees them."""

from collections.abc import Callable

from systems.pipeline.tests.works import BUILD, DEPLOY, NOTIFICATION, SCAN, TEST
from tests.support.every_call import Call
from tests.support.fault_proxy import Seen


def matching(call: Call, run_id: str) -> Callable[[Seen], bool]:
    """Match the call of a run, whose id stands for ``{run}`` in its path."""
    path = call.path.format(run=run_id)
    return lambda seen: seen.method == call.method and seen.path == path


CALLS = [
    Call("check out", BUILD, "PUT", "/workspaces/{run}:workspace"),
    Call("build", BUILD, "PUT", "/jobs/{run}:build"),
    Call("tests", TEST, "PUT", "/jobs/{run}:tests"),
    Call("scan", SCAN, "PUT", "/jobs/{run}:scan"),
    Call("lease staging", DEPLOY, "PUT", "/environments/staging/leases/{run}"),
    Call("deploy to staging", DEPLOY, "PUT", "/environments/staging/deployments/{run}"),
    Call("integration", TEST, "PUT", "/jobs/{run}:integration"),
    Call("lease production", DEPLOY, "PUT", "/environments/production/leases/{run}"),
    Call("deploy to production", DEPLOY, "PUT", "/environments/production/deployments/{run}"),
]
KEEP = Call("keep in production", DEPLOY, "POST", "/environments/production/deployments/{run}/keep")
GIVE_BACK = Call("give back", DEPLOY, "POST", "/environments/production/leases/{run}/release")
FORWARD = [
    KEEP,
    GIVE_BACK,
    Call("tidy up", BUILD, "POST", "/workspaces/{run}:workspace/undo"),
    Call("send release", NOTIFICATION, "PUT", "/notifications/{run}:released"),
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
