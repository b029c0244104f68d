"""The problems of who is not let in."""

from typing import Any

from fastapi_problem.error import Problem

from sagas.core.kind import Kind
from sagas.people.identity import Identity
from sagas.people.people import TooOften
from sagas.people.rules import RULES, Deed

_WORDS = {
    Deed.KNOW: "look at this",
    Deed.BEGIN: "begin anything",
    Deed.LOOK: "look at cases",
    Deed.LIST: "list cases",
    Deed.CANCEL: "cancel",
    Deed.RESUME: "resume",
    Deed.DECIDE: "decide",
    Deed.CHOOSE: "choose for the owner",
    Deed.REPORT: "speak for a service",
    Deed.WATCH: "watch the apps",
    Deed.OPERATE: "operate the services",
    Deed.MANAGE: "manage what the services have",
}


def nobody() -> Problem:
    """Return a 401 for one who did not say who they are."""
    detail = "Say who you are: `Authorization: Bearer` and a key or a token, or log in at /login."
    return _unauthenticated(detail, "Bearer")


def not_known(why: str) -> Problem:
    """Return a 401 for a credential that proves nothing."""
    return _unauthenticated(why, 'Bearer error="invalid_token"')


def not_allowed(identity: Identity, deed: Deed) -> Problem:
    """Return a 403 for what only people of other roles may do."""
    who = " or ".join(RULES.get(deed, {})) or "nobody"
    roles = ", ".join(sorted(identity.roles)) or "no role"
    detail = f"{identity.name} ({roles}) may not {_WORDS[deed]}: that is for {who}."
    return _forbidden("not_allowed", detail)


def own_case(kind: Kind[Any]) -> Problem:
    """Return a 403 for who would decide on a case of their own."""
    return _forbidden("own_case", f"Nobody decides on a {kind.noun} of their own.")


def not_yours(kind: Kind[Any]) -> Problem:
    """Return a 403 for who may look at a case, but change only their own."""
    return _forbidden("not_yours", f"That is for the {kind.words.owner} of the {kind.noun}.")


def foreign_owner(kind: Kind[Any], identity: Identity, owner: str) -> Problem:
    """Return a 403 for who asks in the name of somebody else."""
    return _forbidden("foreign_owner", foreign_words(kind, identity, owner))


def foreign_words(kind: Kind[Any], identity: Identity, owner: str) -> str:
    """Return what somebody is told who asks in the name of somebody else."""
    return (
        f"{identity.name} may not ask for {kind.plural} of {owner}: {kind.words.owner}Id is to "
        f"be {identity.name}."
    )


def foreign_name(identity: Identity) -> Problem:
    """Return a 403 for who speaks in the name of somebody else."""
    detail = f"`by` is {identity.name}: leave it out, or say that."
    return _forbidden("foreign_name", detail)


def other_site() -> Problem:
    """Return a 403 for a change that none of our own pages asks for in a browser."""
    return _forbidden("other_origin", "A page of another site may not change anything here.")


def no_such_thing() -> Problem:
    """Return a 404 for what has no rule, or is not there at all."""
    return Problem(title="Not found", type_="not_found", status=404, reason="not_found")


def too_often(why: TooOften) -> Problem:
    """Return a 429 for who asks too often."""
    return Problem(
        title="Too many requests",
        type_="too_often",
        detail=str(why),
        status=429,
        reason="too_often",
        headers={"Retry-After": str(why.retry_after)},
    )


def unavailable(why: str) -> Problem:
    """Return a 503 when it cannot be found out just now who somebody is."""
    return Problem(
        title="Unavailable",
        type_="unavailable",
        detail=f"Try again: {why}",
        status=503,
        reason="unavailable",
        headers={"Retry-After": "1"},
    )


def _unauthenticated(detail: str, challenge: str) -> Problem:
    return Problem(
        title="Not logged in",
        type_="unauthenticated",
        detail=detail,
        status=401,
        reason="unauthenticated",
        headers={"WWW-Authenticate": challenge},
    )


def _forbidden(reason: str, detail: str) -> Problem:
    return Problem(title="Not allowed", type_=reason, detail=detail, status=403, reason=reason)
