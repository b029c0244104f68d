"""The rules of tenants: slugs, claims, suspensions, resources, invoices. They know no store."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import Refusal
from systems.tenants.billing import account as billing
from systems.tenants.directory import rules
from systems.tenants.directory.rules import SlugHolder, Tenant
from systems.tenants.estate import kept as estate
from systems.tenants.estate.kept import Kept
from systems.tenants.slugs import checked, schema_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
REST = timedelta(days=30)


def no(reason: str) -> pytest.RaisesExc[Refusal]:
    return pytest.raises(Refusal, check=lambda refusal: refusal.reason == reason)


def asked(tenant_id: str = "t1", slug: str = "acme") -> Tenant:
    return Tenant(id=tenant_id, slug=slug, plan="starter", owner_email="a@b.example")


def active() -> tuple[Tenant, SlugHolder]:
    tenant, holder = rules.claimed(Tenant(id="t1"), None, asked(), NOW)
    return rules.activated(tenant, NOW), holder


@given(st.text(max_size=70))
def test_a_slug_that_is_taken_keeps_the_rules_of_postgresql_and_of_s3(text: str) -> None:
    try:
        slug = checked(text)
    except ValueError:
        return
    name = schema_of(slug)
    assert name.isidentifier()
    assert name.isascii()
    assert name == name.lower()
    assert not name.startswith("pg_")
    assert 3 <= len(slug) <= 63


@given(st.sets(st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True), max_size=20))
def test_no_two_slugs_have_one_schema(slugs: set[str]) -> None:
    assert len({schema_of(slug) for slug in slugs}) == len(slugs)


def test_a_slug_is_one_tenants_at_a_time_and_rests_once_it_was_in_use() -> None:
    tenant, holder = active()
    with no("slug_taken"):
        rules.claimed(Tenant(id="t2"), holder, asked("t2"), NOW)
    gone = rules.suspended(tenant, "r1")
    gone = rules.buried(rules.condemned(gone, "r1"), "r1", NOW)
    rests = rules.after(gone, holder, REST, NOW)
    with no("slug_resting"):
        rules.claimed(Tenant(id="t2"), rests, asked("t2"), NOW + REST - timedelta(seconds=1))
    _, new = rules.claimed(Tenant(id="t2"), rests, asked("t2"), NOW + REST)
    assert new.tenant == "t2"
    with no("undone"):
        rules.claimed(gone, new, asked(), NOW + 2 * REST)


def test_a_slug_that_never_was_in_use_is_free_at_once() -> None:
    tenant, holder = rules.claimed(Tenant(id="t1"), None, asked(), NOW)
    freed = rules.after(rules.released(tenant, NOW), holder, REST, NOW)
    _, new = rules.claimed(Tenant(id="t2"), freed, asked("t2"), NOW)
    assert new.tenant == "t2"


def test_what_becomes_of_a_tenant_late_does_not_touch_the_slug_of_its_successor() -> None:
    late = rules.released(Tenant(id="t1", slug="acme"), NOW)
    successor = SlugHolder(slug="acme", tenant="t2")
    assert rules.after(late, successor, REST, NOW) == successor


def test_a_claim_after_its_release_is_refused() -> None:
    with no("undone"):
        rules.claimed(rules.released(Tenant(id="t1"), NOW), None, asked(), NOW)


def test_a_tenant_in_use_is_not_released() -> None:
    with no("in_use"):
        rules.released(active()[0], NOW)


def test_there_is_one_removal_at_a_time_and_one_that_was_called_off_does_not_come_back() -> None:
    tenant = rules.suspended(active()[0], "r1")
    with no("removal_in_progress"):
        rules.suspended(tenant, "r2")
    assert rules.resumed(tenant, "r2").status == "suspended"
    back = rules.resumed(tenant, "r1")
    assert back.status == "active"
    with no("undone"):
        rules.suspended(back, "r1")
    with no("not_suspended"):
        rules.condemned(rules.suspended(back, "r2"), "r1")


def test_past_its_point_of_no_return_a_tenant_is_not_brought_back() -> None:
    with no("removing"):
        rules.resumed(rules.condemned(rules.suspended(active()[0], "r1"), "r1"), "r1")


def test_a_resource_that_is_gone_stays_gone_and_one_suspension_of_two_suffices() -> None:
    wanted = estate.wanted(Kept(id="t1:schema"), {"slug": "acme"})
    assert wanted.target == "present"
    twice = estate.suspended(estate.suspended(wanted, "r1"), "r2")
    assert estate.lifted(twice, "r1").target == "suspended"
    assert estate.lifted(estate.lifted(twice, "r1"), "r2").target == "present"
    with no("undone"):
        estate.suspended(estate.lifted(wanted, "r1"), "r1")
    with no("undone"):
        estate.wanted(estate.gone(Kept(id="t1:schema")), {"slug": "acme"})
    with no("idempotency_conflict"):
        estate.wanted(wanted, {"slug": "other"})


@pytest.mark.parametrize(
    ("plan", "lasted", "days", "amount"),
    [
        ("starter", timedelta(0), 1, 97),
        ("starter", timedelta(days=1), 1, 97),
        ("starter", timedelta(days=1, seconds=1), 2, 194),
        ("starter", timedelta(days=30), 30, 2_900),
        ("business", timedelta(days=45), 45, 29_850),
    ],
)
def test_the_final_invoice_is_of_the_days_that_were_begun(
    plan: str, lasted: timedelta, days: int, amount: int
) -> None:
    account = billing.opened(None, "t1:account", plan, "a@b.example", NOW)
    made = billing.invoiced(account, NOW + lasted)
    assert made.invoice is not None
    assert (made.invoice.days, made.invoice.total.amount) == (days, amount)
    assert billing.invoiced(made, NOW + 2 * lasted) == made, "it is made once"
    with no("account_closed"):
        billing.invoiced(billing.closed(account, NOW), NOW)
