"""The calls of both sagas, as a proxy sees them."""

from systems.tenants.tests.platform import (
    BILLING,
    DATABASE,
    IDENTITY,
    NOTIFICATION,
    STORAGE,
    TENANT,
)
from tests.support.every_call import Call

MAKING = [
    Call("claim slug", TENANT, "PUT", "/tenants/{}"),
    Call("make schema", DATABASE, "PUT", "/schemas/{}:schema"),
    Call("make bucket", STORAGE, "PUT", "/buckets/{}:bucket"),
    Call("make realm", IDENTITY, "PUT", "/realms/{}:realm"),
    Call("open account", BILLING, "PUT", "/accounts/{}:account"),
    Call("migrate", DATABASE, "POST", "/schemas/{}:schema/migrate"),
    Call("add owner", IDENTITY, "POST", "/realms/{}:realm/owner"),
    Call("try schema", DATABASE, "POST", "/schemas/{}:schema/smoke"),
    Call("try bucket", STORAGE, "POST", "/buckets/{}:bucket/smoke"),
    Call("try realm", IDENTITY, "POST", "/realms/{}:realm/smoke"),
]
LAST = MAKING[-1]
MADE = [
    Call("activate", TENANT, "POST", "/tenants/{}/activate"),
    Call("send welcome", IDENTITY, "PUT", "/realms/{}:realm/welcome"),
]
UNMAKING = [
    Call("drop schema", DATABASE, "POST", "/schemas/{}:schema/undo"),
    Call("drop bucket", STORAGE, "POST", "/buckets/{}:bucket/undo"),
    Call("drop realm", IDENTITY, "POST", "/realms/{}:realm/undo"),
    Call("close account", BILLING, "POST", "/accounts/{}:account/undo"),
    Call("release slug", TENANT, "POST", "/tenants/{}/release"),
]
BARRING = [
    Call("suspend tenant", TENANT, "PUT", "/suspensions/{}"),
    Call("bar schema", DATABASE, "PUT", "/suspensions/{}:schema"),
    Call("bar bucket", STORAGE, "PUT", "/suspensions/{}:bucket"),
    Call("bar realm", IDENTITY, "PUT", "/suspensions/{}:realm"),
    Call("stop billing", BILLING, "PUT", "/suspensions/{}:account"),
]
OPENING = [
    Call("open schema", DATABASE, "POST", "/suspensions/{}:schema/undo"),
    Call("open bucket", STORAGE, "POST", "/suspensions/{}:bucket/undo"),
    Call("open realm", IDENTITY, "POST", "/suspensions/{}:realm/undo"),
    Call("bill again", BILLING, "POST", "/suspensions/{}:account/undo"),
    Call("reopen tenant", TENANT, "POST", "/suspensions/{}/undo"),
]
REMOVING = [
    Call("condemn", TENANT, "POST", "/condemnations/{}"),
    Call("export schema", DATABASE, "PUT", ":schema/exports/{}"),
    Call("export bucket", STORAGE, "PUT", ":bucket/exports/{}"),
    Call("export realm", IDENTITY, "PUT", ":realm/exports/{}"),
    Call("leave tombstone", TENANT, "POST", "/burials/{}"),
    Call("send farewell", NOTIFICATION, "PUT", "/notifications/{}:farewell"),
]
DROPPING = [
    Call("final invoice", BILLING, "PUT", "/accounts/{}:account/invoice"),
    Call("remove schema", DATABASE, "POST", "/schemas/{}:schema/drop"),
    Call("remove bucket", STORAGE, "POST", "/buckets/{}:bucket/drop"),
    Call("remove realm", IDENTITY, "POST", "/realms/{}:realm/drop"),
    Call("end account", BILLING, "POST", "/accounts/{}:account/drop"),
]
"""Those of a removal that name the tenant and not the removal."""
