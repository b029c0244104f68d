"""A tenant's life, on the real system: set up, in use, suspended, brought back, removed."""

from systems.tenants.tests.platform import Platform


def test_a_tenant_is_set_up_and_can_use_all_that_it_got(platform: Platform) -> None:
    tenant_id = platform.set_up()
    with platform.as_tenant(tenant_id) as connection:
        connection.execute("INSERT INTO documents (title) VALUES ('mine')")
        assert connection.execute("SELECT count(*) FROM settings").fetchone() == (2,)
    found = platform.s3(tenant_id).list_objects(tenant_id)
    assert list(found) == []
    token = platform.login(tenant_id, platform.secret("identity", f"{tenant_id}:realm"))
    assert token.status_code == 200


def test_a_tenant_is_removed_after_its_grace(platform: Platform) -> None:
    tenant_id = platform.set_up()
    removal_id = platform.remove(tenant_id)
    platform.in_grace(removal_id)
    platform.waive(removal_id)
    assert platform.removed(removal_id)["status"] == "removed"
    assert platform.directory()[tenant_id]["status"] == "removed"
