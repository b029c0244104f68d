"""The removal of a tenant: suspend, grace, export, final invoice, drop, tombstone.

While it is suspended all can be brought back; once the grace is over, nothing can.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from base.wire import ShortText, Wire
from sagas import Done, Durable, Kind, Progress, Saga, Show, Signal, Step
from systems.tenants.answers import (
    BILLING,
    DATABASE,
    IDENTITY,
    NOTIFICATION,
    STORAGE,
    TENANT,
    Invoice,
    Listed,
    Made,
)
from systems.tenants.words import REMOVAL_WORDS


class RemovalRequest(Wire):
    """Which tenant is to be removed, and who wants it."""

    tenant_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    requested_by: ShortText


class RemovalTerms(BaseModel, extra="allow"):
    """How long a tenant can be brought back, in seconds: ``grace``."""

    grace_seconds: float = 7 * 86_400.0


class Waiver(Wire):
    """Nobody wants it back: the grace is over ``now``."""

    now: bool = True


WAIVE = Signal("waiver", Waiver, choices={"Remove it now": Waiver()})

_SUSPEND, _RESUME = "PUT suspensions/{id}", "POST suspensions/{id}/undo"

# name, service, request, resource, answer, undone by
reopen = Step("reopen tenant", TENANT, "POST suspensions/{case}/undo", "tenant", Done)
suspend = Step("suspend tenant", TENANT, "PUT suspensions/{case}", "tenant", Listed, reopen)
open_schema = Step("open schema", DATABASE, _RESUME, "schema", Done)
bar_schema = Step("bar schema", DATABASE, _SUSPEND, "schema", Made, open_schema)
open_bucket = Step("open bucket", STORAGE, _RESUME, "bucket", Done)
bar_bucket = Step("bar bucket", STORAGE, _SUSPEND, "bucket", Made, open_bucket)
open_realm = Step("open realm", IDENTITY, _RESUME, "realm", Done)
bar_realm = Step("bar realm", IDENTITY, _SUSPEND, "realm", Made, open_realm)
bill = Step("bill again", BILLING, _RESUME, "account", Done)
stop_billing = Step("stop billing", BILLING, _SUSPEND, "account", Made, bill)

# From here on the case is the removal's, and the resource the tenant: {case} and {resource}.
_SCHEMA, _BUCKET = "schemas/{resource}:schema", "buckets/{resource}:bucket"
_REALM, _ACCOUNT = "realms/{resource}:realm", "accounts/{resource}:account"
_CONDEMN, _BURY = (
    "POST tenants/{resource}/condemnations/{case}",
    "POST tenants/{resource}/burials/{case}",
)

condemn = Step("condemn", TENANT, _CONDEMN, "t", Done, pivot=True)
export = [
    Step("export schema", DATABASE, f"PUT {_SCHEMA}/exports/{{case}}", "t", Done),
    Step("export bucket", STORAGE, f"PUT {_BUCKET}/exports/{{case}}", "t", Done),
    Step("export realm", IDENTITY, f"PUT {_REALM}/exports/{{case}}", "t", Done),
]
charge = Step("final invoice", BILLING, f"PUT {_ACCOUNT}/invoice", "t", Invoice)
drop = [
    Step("remove schema", DATABASE, f"POST {_SCHEMA}/drop", "t", Done),
    Step("remove bucket", STORAGE, f"POST {_BUCKET}/drop", "t", Done),
    Step("remove realm", IDENTITY, f"POST {_REALM}/drop", "t", Done),
    Step("end account", BILLING, f"POST {_ACCOUNT}/drop", "t", Done),
]
bury = Step("leave tombstone", TENANT, _BURY, "t", Done)
farewell = Step("send farewell", NOTIFICATION, "PUT notifications/{id}", "farewell", Done)


def remove(saga: Saga, wanted: RemovalRequest) -> Durable[None]:
    """Let nobody in, wait, then remove everything; called off before that, all is as it was."""
    about = wanted.tenant_id
    tenant = yield from saga.run(suspend.given(tenantId=about))
    yield from saga.together(
        bar_schema.given(resource=f"{about}:schema"),
        bar_bucket.given(resource=f"{about}:bucket"),
        bar_realm.given(resource=f"{about}:realm"),
        stop_billing.given(resource=f"{about}:account"),
    )
    grace = timedelta(seconds=saga.terms(RemovalTerms).grace_seconds)
    yield from saga.hear(WAIVE, within=grace, late=Waiver(now=False))
    yield from saga.run(condemn.about(about))
    yield from saga.together(*(step.about(about) for step in export))
    saga.show(tenant=tenant, invoice=(yield from saga.run(charge.about(about))))
    yield from saga.together(*(step.about(about) for step in drop))
    yield from saga.run(bury.about(about))


def tell(_: str, wanted: RemovalRequest, ended: Progress) -> Step[Done] | None:
    """Tell the owner that all is gone, and what is owed. What was called off is not told."""
    results = ended.results
    if not ended.succeeded or "invoice" not in results:
        return None
    tenant, owed = results["tenant"], results["invoice"]
    facts = {"tenantId": wanted.tenant_id, "slug": tenant["slug"], "invoice": owed}
    return farewell.given(template="tenant_removed", to=tenant["ownerEmail"], facts=facts)


REMOVAL = Kind(
    noun="removal",
    done="removed",
    request=RemovalRequest,
    rows={
        "suspend": [suspend],
        "bar": [bar_schema, bar_bucket, bar_realm, stop_billing],
        "condemn": [condemn],
        "export": export,
        "charge": [charge],
        "drop": drop,
        "bury": [bury],
        "send": [farewell],
    },
    signals=[WAIVE],
    workflows=[remove],
    terms=RemovalTerms,
    closing=tell,
    owner=lambda wanted: wanted.requested_by,
    title=lambda wanted: wanted.tenant_id,
    words=REMOVAL_WORDS,
    shows=[Show("tenant_id", str, lambda wanted, _, __: wanted.tenant_id, True)],
    example={"tenantId": "acme", "requestedBy": "operator-1"},
)
