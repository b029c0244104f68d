"""The provisioning of a tenant: claim, make, furnish, try, activate, welcome; or undo."""

from typing import Any, Literal

from pydantic import EmailStr

from base.wire import ShortText, Wire
from sagas import Done, Durable, Kind, Progress, Saga, Show, Step
from systems.tenants.answers import BILLING, DATABASE, IDENTITY, NOTIFICATION, STORAGE, TENANT, Made
from systems.tenants.slugs import Slug
from systems.tenants.words import EXAMPLE, WORDS


class TenantRequest(Wire):
    """A tenant: its slug names all that it gets; its owner gets the welcome mail."""

    slug: Slug
    name: ShortText
    plan: Literal["starter", "business"] = "starter"
    owner_email: EmailStr


# name, service, request, resource, answer, undone by
release = Step("release slug", TENANT, "POST tenants/{case}/release", "slug", Done)
claim = Step("claim slug", TENANT, "PUT tenants/{case}", "slug", Done, release)
drop_schema = Step("drop schema", DATABASE, "POST schemas/{id}/undo", "schema", Done)
make_schema = Step("make schema", DATABASE, "PUT schemas/{id}", "schema", Made, drop_schema)
drop_bucket = Step("drop bucket", STORAGE, "POST buckets/{id}/undo", "bucket", Done)
make_bucket = Step("make bucket", STORAGE, "PUT buckets/{id}", "bucket", Made, drop_bucket)
drop_realm = Step("drop realm", IDENTITY, "POST realms/{id}/undo", "realm", Done)
make_realm = Step("make realm", IDENTITY, "PUT realms/{id}", "realm", Made, drop_realm)
close_account = Step("close account", BILLING, "POST accounts/{id}/undo", "account", Done)
open_account = Step("open account", BILLING, "PUT accounts/{id}", "account", Made, close_account)
migrate = Step("migrate", DATABASE, "POST schemas/{id}/migrate", "schema", Made, promised=True)
add_owner = Step("add owner", IDENTITY, "POST realms/{id}/owner", "realm", Made, promised=True)
try_schema = Step("try schema", DATABASE, "POST schemas/{id}/smoke", "schema", Made, promised=True)
try_bucket = Step("try bucket", STORAGE, "POST buckets/{id}/smoke", "bucket", Made, promised=True)
try_realm = Step("try realm", IDENTITY, "POST realms/{id}/smoke", "realm", Made, promised=True)
activate = Step("activate", TENANT, "POST tenants/{case}/activate", "slug", Done, pivot=True)
welcome = Step("send welcome", IDENTITY, "PUT realms/{case}:realm/welcome", "welcome", Done)
refusal = Step("send refusal", NOTIFICATION, "PUT notifications/{id}", "refusal", Done)


def provision(saga: Saga, wanted: TenantRequest) -> Durable[None]:
    """Give the tenant all that it needs, each tried with its own credentials, or nothing at all."""
    slug, plan, email = wanted.slug, wanted.plan, wanted.owner_email
    yield from saga.run(claim.given(slug=slug, plan=plan, ownerEmail=email))
    yield from saga.together(
        make_schema.given(slug=slug, plan=plan),
        make_bucket.given(slug=slug),
        make_realm.given(slug=slug, ownerEmail=email),
        open_account.given(slug=slug, plan=plan, email=email),
    )
    yield from saga.together(migrate, add_owner)
    yield from saga.together(try_schema, try_bucket, try_realm)
    yield from saga.run(activate)


def tell(tenant_id: str, wanted: TenantRequest, ended: Progress) -> Step[Done] | None:
    """Welcome the owner; or say that it did not come about, and why."""
    if ended.succeeded:
        made = [ended.results.get(name, {}).get("facts", {}) for name in ("schema", "bucket")]
        told = {name: str(facts.get(name, "")) for facts in made for name in facts}
        told.pop("secret", None)
        return welcome.given(facts=told | {"name": wanted.name, "tenantId": tenant_id})
    why = WORDS.reason(ended.halt.reason if ended.halt else "")
    facts = {"tenantId": tenant_id, "slug": wanted.slug, "name": wanted.name, "why": why}
    return refusal.given(template="tenant_refused", to=wanted.owner_email, facts=facts)


def _facts(progress: Progress) -> dict[str, Any]:
    """Return how each resource is reached."""
    names = ("schema", "bucket", "realm", "account")
    return {n: progress.results[n].get("facts", {}) for n in names if n in progress.results}


TENANT_KIND = Kind(
    noun="tenant",
    done="active",
    request=TenantRequest,
    rows={
        "claim": [claim],
        "make": [make_schema, make_bucket, make_realm, open_account],
        "furnish": [migrate, add_owner],
        "try": [try_schema, try_bucket, try_realm],
        "activate": [activate],
        "send": [welcome, refusal],
    },
    workflows=[provision],
    closing=tell,
    owner=lambda wanted: wanted.owner_email,
    title=lambda wanted: f"{wanted.name} ({wanted.slug})",
    words=WORDS,
    shows=[
        Show("slug", str, lambda wanted, _, __: wanted.slug, True),
        Show("plan", str, lambda wanted, _, __: wanted.plan, True),
        Show("resources", dict[str, Any], lambda _, progress, __: _facts(progress)),
    ],
    example=EXAMPLE,
)
