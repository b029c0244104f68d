"""The rules of tenants: slugs, claims, suspensions, resources, invoices. They know no store."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import Refusal
from systems.tenants.billing import account as billing
from systems.tenants.directory import rules
from systems.tenants.directory.rules import SlugHolder, Tenant
from systems.tenants.estate import kept as estate
from systems.tenants.estate.kept import Kept, Suspension
from systems.tenants.slugs import checked, schema_of
from tests.support.refusals import refused

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


@pytest.mark.parametrize("slug", ["abc", "a" * 63, "acme-corp", "a1-2b", "pgadmin", "adminer"])
def test_a_slug_has_three_to_sixty_three_letters_digits_and_hyphens(slug: str) -> None:
    assert checked(slug) == slug


@pytest.mark.parametrize(
    ("slug", "why"),
    [
        ("ab", "a slug has 3 to 63 characters"),
        ("a" * 64, "a slug has 3 to 63 characters"),
        ("Acme", "single hyphens, and begins with a letter"),
        ("1acme", "single hyphens, and begins with a letter"),
        ("acme--corp", "single hyphens, and begins with a letter"),
        ("acme-", "single hyphens, and begins with a letter"),
        ("acme_corp", "single hyphens, and begins with a letter"),
        ("acme\n", "single hyphens, and begins with a letter"),
        ("postgres", "postgres is reserved"),
        ("pg-acme", "pg-acme is reserved"),
        ("xn-acme", "xn-acme is reserved"),
        ("acme-s3alias", "acme-s3alias is reserved"),
    ],
)
def test_a_slug_that_cannot_be_is_told_the_rule_that_it_breaks(slug: str, why: str) -> None:
    with pytest.raises(ValueError, match=rf"^(a slug is a-z, 0-9 and )?{why}$"):
        checked(slug)


def test_a_schema_is_called_as_its_slug_with_underscores() -> None:
    assert schema_of("acme-corp-2") == "acme_corp_2"


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


def test_what_is_told_again_of_a_tenant_changes_nothing() -> None:
    claimed, holder = rules.claimed(Tenant(id="t1"), None, asked(), NOW)
    assert (claimed.status, claimed.claimed_at) == ("claimed", NOW)
    assert holder == SlugHolder(slug="acme", tenant="t1")
    assert rules.claimed(claimed, holder, asked(), NOW + REST) == (claimed, holder)
    assert rules.claimed(claimed, None, asked(), NOW + REST) == (claimed, holder)
    tenant = rules.activated(claimed, NOW)
    assert (tenant.status, tenant.active_at) == ("active", NOW)
    assert rules.activated(tenant, NOW + REST) == tenant
    suspended = rules.suspended(tenant, "r1")
    assert rules.suspended(suspended, "r1") == suspended
    condemned = rules.condemned(suspended, "r1")
    assert rules.condemned(condemned, "r1") == condemned
    buried = rules.buried(condemned, "r1", NOW + REST)
    assert (buried.status, buried.ended_at) == ("removed", NOW + REST)
    assert rules.buried(buried, "r1", NOW + 2 * REST) == buried
    assert rules.condemned(buried, "r1") == buried
    assert rules.released(buried, NOW + 2 * REST) == buried
    released = rules.released(claimed, NOW)
    assert (released.status, released.ended_at) == ("released", NOW)
    assert rules.released(released, NOW + REST) == released


def test_a_suspension_that_is_lifted_before_it_came_does_not_come() -> None:
    tenant, _ = active()
    lifted = rules.resumed(tenant, "r1")
    assert (lifted.status, lifted.called_off) == ("active", 1)
    refused("undone", lambda: rules.suspended(lifted, "r1"), "The removal r1 of t1 was called off.")
    assert rules.suspended(lifted, "r2").status == "suspended"
    early, _ = rules.claimed(rules.resumed(Tenant(id="t1"), "r1"), None, asked(), NOW)
    assert early.removals == {"r1": "lifted"}, "also before the tenant came"


def test_a_slug_rests_from_the_end_of_its_tenant_on_and_no_longer_for_what_comes_late() -> None:
    tenant, holder = active()
    assert rules.after(tenant, holder, REST, NOW) == holder
    assert rules.after(tenant, None, REST, NOW) is None
    gone = tenant.model_copy(update={"status": "removed"})
    rests = rules.after(gone, holder, REST, NOW)
    assert rests == SlugHolder(slug="acme", tenant="t1", rests_until=NOW + REST)
    assert rules.after(gone, rests, REST, NOW + REST) == rests
    free = rules.after(tenant.model_copy(update={"status": "released"}), holder, REST, NOW)
    assert free == SlugHolder(slug="acme", tenant="t1", rests_until=NOW)


def test_what_a_tenant_refuses_is_told_in_words() -> None:
    claimed, holder = rules.claimed(Tenant(id="t1"), None, asked(), NOW)
    tenant = rules.activated(claimed, NOW)
    suspended = rules.suspended(tenant, "r1")
    condemned = rules.condemned(suspended, "r1")
    removed = rules.buried(condemned, "r1", NOW)
    released = rules.released(claimed, NOW)
    resting = holder.model_copy(update={"rests_until": NOW + REST})
    unknown, t2 = Tenant(id="t2"), asked("t2")
    other = asked(slug="other")
    calls: dict[str, tuple[str, Callable[[], object]]] = {
        "t1 was claimed with another request.": (
            "idempotency_conflict",
            lambda: rules.claimed(claimed, holder, other, NOW),
        ),
        "The tenant t1 is gone for good.": (
            "undone",
            lambda: rules.claimed(released, holder, asked(), NOW),
        ),
        "The slug acme is another tenant's.": (
            "slug_taken",
            lambda: rules.claimed(unknown, holder, t2, NOW),
        ),
        "The slug acme was in use until lately: 2026-12-24 12:00:00 UTC.": (
            "slug_resting",
            lambda: rules.claimed(unknown, resting, t2, NOW),
        ),
        "The tenant t1 is active.": ("in_use", lambda: rules.released(tenant, NOW)),
        "The tenant t1 is suspended.": ("not_claimed", lambda: rules.activated(suspended, NOW)),
        "There is no tenant t2.": ("unknown_tenant", lambda: rules.suspended(unknown, "r1")),
        "Another removal of t1 is under way.": (
            "removal_in_progress",
            lambda: rules.suspended(condemned, "r2"),
        ),
        "The tenant t1 is claimed.": ("not_active", lambda: rules.suspended(claimed, "r1")),
        "The tenant t1 is removing.": ("removing", lambda: rules.resumed(condemned, "r1")),
        "The tenant t1 is removed.": ("removing", lambda: rules.resumed(removed, "r1")),
        "t1 is suspended, and not by r2.": (
            "not_suspended",
            lambda: rules.condemned(suspended, "r2"),
        ),
        "t1 is removing, and not by r2.": (
            "not_suspended",
            lambda: rules.condemned(condemned, "r2"),
        ),
        "The tenant t1 is suspended": ("not_condemned", lambda: rules.buried(suspended, "r1", NOW)),
        "The tenant t1 is removing": ("not_condemned", lambda: rules.buried(condemned, "r2", NOW)),
    }
    for words, (reason, call) in calls.items():
        refused(reason, call, words)


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


def test_a_suspension_is_of_one_resource_and_once_lifted_it_does_not_come_back() -> None:
    placed = estate.placed(None, "r1:schema", "t1:schema")
    assert placed == Suspension(id="r1:schema", resource="t1:schema", status="on")
    assert estate.placed(placed, "r1:schema", "t1:schema") == placed
    other = "r1:schema is the suspension of another resource."
    refused("idempotency_conflict", lambda: estate.placed(placed, "r1:schema", "t2:schema"), other)
    lifted = estate.called_off(placed, "r1:schema")
    assert lifted == placed.model_copy(update={"status": "lifted"})
    tombstone = estate.called_off(None, "r1:schema")
    assert tombstone == Suspension(id="r1:schema", status="lifted")
    for over in (lifted, tombstone):
        no_more = "The suspension r1:schema was lifted."
        refused("undone", lambda k=over: estate.placed(k, "r1:schema", "t1:schema"), no_more)  # type: ignore[misc]


def test_what_a_resource_refuses_is_told_in_words() -> None:
    unknown = Kept(id="t1:schema")
    wanted = estate.wanted(unknown, {"slug": "acme"})
    assert estate.wanted(wanted, {"slug": "acme"}) == wanted
    assert (wanted.slug, unknown.slug, unknown.target) == ("acme", "", "absent")
    assert estate.there(wanted) == wanted
    other = "t1:schema was asked for with another request."
    refused("idempotency_conflict", lambda: estate.wanted(wanted, {"slug": "other"}), other)
    for absent in (unknown, estate.gone(wanted)):
        told = "There is no t1:schema."
        refused("unknown_resource", lambda k=absent: estate.suspended(k, "r1"), told)  # type: ignore[misc]
    gone = "t1:schema is gone for good."
    refused("undone", lambda: estate.wanted(estate.gone(unknown), {"slug": "acme"}), gone)
    lifted = "The suspension of t1:schema by r1 was lifted."
    refused("undone", lambda: estate.suspended(estate.lifted(wanted, "r1"), "r1"), lifted)


def test_an_account_is_suspended_and_opened_again_until_it_is_closed() -> None:
    account = billing.opened(None, "t1:account", "starter", "a@b.example", NOW)
    assert (account.status, account.opened_at) == ("open", NOW)
    assert (account.plan, account.email) == ("starter", "a@b.example")
    assert billing.opened(account, "t1:account", "business", "c@d.example", NOW + REST) == account
    suspended = billing.suspended(account, True)
    assert (suspended.status, billing.suspended(suspended, False)) == ("suspended", account)
    closed = billing.closed(suspended, NOW + REST)
    assert (closed.status, closed.closed_at) == ("closed", NOW + REST)
    assert billing.closed(closed, NOW + 2 * REST) == closed
    assert billing.suspended(closed, False) == closed
    no_more = "The account t1:account is closed."
    refused("account_closed", lambda: billing.invoiced(closed, NOW + REST), no_more)


def test_an_invoice_has_a_number_of_its_account_and_year() -> None:
    one, other = (
        billing.invoiced(billing.opened(None, name, "starter", "", NOW), NOW).invoice
        for name in ("t1:account", "t2:account")
    )
    assert one is not None
    assert other is not None
    assert one.number != other.number
    assert re.fullmatch(r"F-2026-[0-9A-F]{10}", one.number)
    assert (one.issued_at, one.total.currency) == (NOW, "EUR")


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
