"""Who may do what: one table, which every route asks."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from sagas.people.identity import Identity, Role, who

Reach = Literal["own", "others"]


class Deed(StrEnum):
    """What a route does.

    ``OPEN`` is for everybody, ``ENTER`` is logging in and out. ``DECIDE`` is a person's word on
    somebody's case, ``CHOOSE`` the owner's, ``REPORT`` a participant's. ``OPERATE`` is what the
    people who run the system see and do of a case besides, ``MANAGE`` what they do of no case.
    """

    OPEN = "open"
    ENTER = "enter"
    KNOW = "know"
    BEGIN = "begin"
    LOOK = "look"
    LIST = "list"
    CANCEL = "cancel"
    RESUME = "resume"
    DECIDE = "decide"
    CHOOSE = "choose"
    REPORT = "report"
    WATCH = "watch"
    OPERATE = "operate"
    MANAGE = "manage"


FOR_EVERYBODY = frozenset({Deed.OPEN, Deed.ENTER})
OF_A_CASE = frozenset(
    {
        Deed.LOOK,
        Deed.CANCEL,
        Deed.RESUME,
        Deed.DECIDE,
        Deed.CHOOSE,
        Deed.REPORT,
        Deed.OPERATE,
    }
)

_OWN: frozenset[Reach] = frozenset({"own"})
_OTHERS: frozenset[Reach] = frozenset({"others"})
ALL = _OWN | _OTHERS
_SEE: Mapping[Role, frozenset[Reach]] = {
    "customer": _OWN,
    "operator": ALL,
    "approver": ALL,
    "auditor": ALL,
}

RULES: Mapping[Deed, Mapping[Role, frozenset[Reach]]] = {
    Deed.KNOW: dict.fromkeys(_SEE, ALL),
    Deed.BEGIN: {"customer": _OWN},
    Deed.LOOK: _SEE,
    Deed.LIST: _SEE,
    Deed.CANCEL: {"customer": _OWN, "operator": ALL},
    Deed.RESUME: {"operator": ALL},
    Deed.DECIDE: {"approver": _OTHERS},
    Deed.CHOOSE: {"customer": _OWN},
    Deed.REPORT: {"service": ALL},
    Deed.WATCH: {"operator": ALL, "approver": ALL, "auditor": ALL},
    Deed.OPERATE: {"operator": ALL},
    Deed.MANAGE: {"operator": ALL},
}


def reach(identity: Identity, deed: Deed) -> frozenset[Reach]:
    """Return on whose cases somebody may do it: their own, those of others, both or neither."""
    by_role = RULES.get(deed, {})
    return frozenset().union(*(by_role.get(role, ()) for role in identity.roles))


def may(identity: Identity, deed: Deed, owner: str | None = None) -> bool:
    """Say whether somebody may do it to a case of this owner; without one, to any case at all."""
    if deed in FOR_EVERYBODY:
        return True
    reached = reach(identity, deed)
    if owner is None:
        return bool(reached)
    return ("own" if owner == identity.name else "others") in reached


def may_now(deed: str, owner: str | None = None) -> bool:
    """Say whether who asks now may do it. Where nobody is asked who they are, all may."""
    identity = who()
    return identity is None or may(identity, Deed(deed), owner)
