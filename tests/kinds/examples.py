"""Every kind with a case of it that goes well: its request, what participants answer, and tell."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.trip import TRIP
from sagas import Kind
from systems.bank.transfer import TRANSFER
from systems.bank.words import EXAMPLE as EXAMPLE_TRANSFER
from systems.delivery.delivery import DELIVERY
from systems.delivery.words import EXAMPLE as MEAL
from systems.orders.fulfilment import ORDER
from systems.orders.words import EXAMPLE
from systems.pipeline.release import RUN
from systems.tenants.provisioning import TENANT_KIND
from systems.tenants.removal import REMOVAL
from systems.tenants.words import EXAMPLE as TENANT
from tests.unit.test_trip_request import VALID

_PRICE = {"amount": 300, "currency": "USD"}
_LEG = dict.fromkeys(("number", "from", "to", "departure", "arrival"), "x")
_STAY = dict.fromkeys(("name", "city", "checkIn", "checkOut"), "x")
_FLIGHT = {"id": "c1:flight", "passengers": 2, "price": _PRICE, "flight": _LEG}
_HOTEL = {"id": "c1:hotel", "guests": 2, "price": _PRICE, "stay": _STAY}
_LINE = {"sku": "CUP", "name": "Cup", "quantity": 2, "price": _PRICE}


@dataclass(frozen=True)
class Example:
    """``answers`` are by step; of a step that is not there, it is nothing. ``told`` are signals in
    the order in which they are waited for: the engine's event, and what is said."""

    kind: Kind[Any]
    request: dict[str, Any]
    answers: dict[str, Any] = field(default_factory=dict)
    told: Sequence[tuple[str, Any]] = ()


def _parcel(number: int, warehouse: str) -> dict[str, Any]:
    return {
        "number": number,
        "warehouse": warehouse,
        "lines": [_LINE],
        "price": _PRICE,
        "weight": 700,
    }


_DIGEST = "d" * 64
_ENTRY = {"id": "e", "valueDate": "2026-11-24"}
_HELD = {"status": "pending", "amount": _PRICE, "fee": _PRICE}
_UNUSUAL = {"score": 40, "reasons": [{"code": "large_amount", "points": 40}]}
_QUOTE = {
    "name": "Ha",
    "pickup": {"latitude": 52.5, "longitude": 13.4},
    "food": _PRICE,
    "ride": _PRICE,
    "prepSeconds": 60,
    "rideSeconds": 60,
    "etaSeconds": 120,
}
_STOCK = {"parcels": [_parcel(1, "berlin"), _parcel(2, "osaka")], "total": _PRICE}


def _each(*steps: str) -> dict[str, Any]:
    """Return the answer that makes or changes a resource of a tenant, for each of the steps."""
    return {step: {"status": "present", "facts": {}} for step in steps}


EXAMPLES = [
    Example(
        TRIP,
        VALID,
        {
            "search flight": {"offers": [{"offerId": "F1", "price": _PRICE}]},
            "search hotel": {"offers": [{"offerId": "H1", "price": _PRICE}]},
            "hold flight": _FLIGHT,
            "hold hotel": _HOTEL,
            "charge": {"id": "c1:payment", "status": "charged"},
            "confirm flight": _FLIGHT,
            "confirm hotel": _HOTEL,
        },
    ),
    Example(
        ORDER,
        EXAMPLE,
        {
            "price": {"total": _PRICE},
            "reserve stock": _STOCK,
            "keep stock": _STOCK,
            "take off stock": _STOCK,
            "buy label": {"trackingNumber": "RR1"},
            "look at pick": {"status": "picking"},
            "follow parcel": {"status": "in_transit"},
        },
        [
            ("packed:pick-1", {"status": "packed"}),
            ("packed:pick-2", {"status": "packed"}),
            ("carrier:label-1", {"status": "in_transit"}),
            ("carrier:label-1", {"status": "delivered"}),
            ("carrier:label-2", {"status": "delivered"}),
        ],
    ),
    Example(
        RUN,
        dict(RUN.example or {}),
        {
            "check out": {"commit": "c" * 40, "committedAt": "2025-01-01T00:00:00Z"},
            "lease staging": {"status": "held", "fence": 1},
            "deploy to staging": {"url": "http://127.0.0.1:7316"},
            "lease production": {"status": "held", "fence": 1},
            "deploy to production": {"url": "http://127.0.0.1:7306"},
        },
        [
            ("scan", {"status": "passed"}),
            ("build", {"status": "passed", "result": {"digest": _DIGEST}}),
            ("tests", {"status": "passed"}),
            ("integration", {"status": "passed"}),
            (f"approval:{_DIGEST}", {"by": "bob", "approved": True}),
        ],
    ),
    Example(
        TRANSFER,
        EXAMPLE_TRANSFER,
        {
            "check payer at bank-a": {"account": "A", "holder": "Anna", "email": "a@b.example"},
            "check payee at bank-b": {"account": "B", "holder": "Bert", "email": "b@b.example"},
            "hold at bank-a": _HELD,
            "score fraud": _UNUSUAL,
            "screen parties": {"outcome": "none"},
            "extend hold at bank-a": _HELD,
            "debit payer at bank-a": {**_HELD, "status": "posted", "posting": _ENTRY},
            "credit payee at bank-b": _ENTRY,
        },
        [("review", {"approved": True, "by": "bob"})],
    ),
    Example(
        DELIVERY,
        MEAL,
        {"quote": _QUOTE, "offer ride": {"driver": "d1", "status": "offered"}},
        [
            ("answer:ticket", {"status": "accepted"}),
            ("driver:driver-1", {"status": "accepted"}),
            ("food:ticket", {"status": "ready"}),
            ("driver:driver-1", {"status": "arrived"}),
            ("driver:driver-1", {"status": "delivered"}),
        ],
    ),
    Example(
        TENANT_KIND,
        TENANT,
        _each(
            "make schema",
            "make bucket",
            "make realm",
            "open account",
            "migrate",
            "add owner",
            "try schema",
            "try bucket",
            "try realm",
        ),
    ),
    Example(
        REMOVAL,
        {"tenantId": "acme", "requestedBy": "operator-1"},
        _each("bar schema", "bar bucket", "bar realm", "stop billing")
        | {
            "suspend tenant": {"slug": "acme-corp", "ownerEmail": "owner@acme.example"},
            "final invoice": {"number": "F-1", "days": 3, "total": _PRICE},
        },
        [("waiver", {"now": True})],
    ),
]
