"""The running system of tenants as a test meets it: set up, remove, and look at what really exists.

What really exists is asked of PostgreSQL and of S3 themselves, not of the services.
"""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
from minio import Minio

from runtime.system import System
from systems.tenants.slugs import schema_of
from systems.tenants.storage.gateway import Gateway
from systems.tenants.words import EXAMPLE
from tests.support.fault_proxy import FaultProxy
from tests.support.waiting import until

TENANT, DATABASE, STORAGE = "tenant-service", "database-service", "storage-service"
IDENTITY, BILLING, NOTIFICATION = "identity-service", "billing-service", "notification-service"
ORCHESTRATOR, REMOVALS = "tenant-orchestrator", "removal-orchestrator"
SERVICES = (TENANT, DATABASE, STORAGE, IDENTITY, BILLING, NOTIFICATION)
TERMINAL = ("active", "removed", "rejected", "cancelled", "failed")
LIVING = ("active", "suspended")
PROBES = {"platform-probe", "platform_probe", "platform:probe", "platform_tenants"}

_serial = count(1)

Json = dict[str, Any]


@dataclass(frozen=True)
class Real:
    """The names of all that really exists, but for the platform's own."""

    schemas: set[str]
    roles: set[str]
    buckets: set[str]
    users: set[str]
    realms: set[str]
    accounts: set[str]


@dataclass
class Platform:
    """Clients of every app, the proxies in front of the services, and the tenants of this test."""

    system: System
    clients: dict[str, httpx.Client]
    proxies: dict[str, FaultProxy]
    tenants: list[str] = field(default_factory=list)
    removals: list[str] = field(default_factory=list)

    @property
    def vault(self) -> Path:
        return self.system.home / "data" / "vault"

    def tenant_id(self, name: str = "t") -> str:
        """Return a new tenant id; its slug is the same."""
        return f"{name}-{next(_serial):05d}"

    def request(self, tenant_id: str, **changes: Any) -> Json:
        """Return a request for a tenant; its id is in it, so that every call of it can be told."""
        email = f"owner@{tenant_id}.example"
        return EXAMPLE | {"slug": tenant_id, "name": tenant_id, "ownerEmail": email} | changes

    def put(self, tenant_id: str, body: Json | None = None, wait: bool = False) -> httpx.Response:
        self.tenants.append(tenant_id)
        headers = {} if wait else {"Prefer": "respond-async"}
        asked = body or self.request(tenant_id)
        return self.clients[ORCHESTRATOR].put(f"/tenants/{tenant_id}", json=asked, headers=headers)

    def set_up(self, tenant_id: str = "", **changes: Any) -> str:
        """Set a tenant up, and return its id once it is active."""
        tenant_id = tenant_id or self.tenant_id()
        answer = self.put(tenant_id, self.request(tenant_id, **changes))
        assert answer.status_code == 202, answer.text
        ended = self.ended(tenant_id)
        assert ended["status"] == "active", ended
        return tenant_id

    def tenant(self, tenant_id: str) -> Json:
        return self._get(ORCHESTRATOR, f"/tenants/{tenant_id}")

    def ended(self, tenant_id: str, within: float = 60) -> Json:
        """Return the tenant's provisioning once it has ended."""
        return until(
            lambda: self.tenant(tenant_id),
            lambda tenant: tenant["status"] in TERMINAL,
            f"{tenant_id} to end",
            within,
        )

    def parked(self, app: str, path: str) -> Json:
        """Return a case once it needs attention."""
        return until(
            lambda: self._get(app, path),
            lambda case: case["status"] == "needs_attention",
            f"{path} to need attention",
            within=60,
        )

    def helped(self, app: str, path: str) -> Json:
        """Return a case once it has ended; whenever it needs attention, it is told to go on."""

        def case() -> Json:
            found = self._get(app, path)
            if found["status"] == "needs_attention":
                self.ask(app, f"{path}/resume")
            return found

        return until(case, lambda found: found["status"] in TERMINAL, f"{path} to end", within=120)

    def remove(self, tenant_id: str, removal_id: str = "") -> str:
        """Ask for the removal of a tenant; return the id of that."""
        removal_id = removal_id or f"rm-{next(_serial):05d}"
        body = {"tenantId": tenant_id, "requestedBy": "test"}
        answer = self.clients[REMOVALS].put(f"/removals/{removal_id}", json=body)
        assert answer.status_code == 202, answer.text
        self.removals.append(removal_id)
        return removal_id

    def removal(self, removal_id: str) -> Json:
        return self._get(REMOVALS, f"/removals/{removal_id}")

    def in_grace(self, removal_id: str) -> Json:
        """Return the removal once it waits for its grace to be over."""
        return until(
            lambda: self.removal(removal_id),
            lambda removal: removal.get("step") == "waiver",
            f"{removal_id} to wait",
        )

    def waive(self, removal_id: str) -> None:
        """Say that the grace is over, as soon as that is waited for."""
        until(
            lambda: self.ask(REMOVALS, f"/removals/{removal_id}/signals/waiver").status_code,
            lambda status: status == 202,
            f"{removal_id} to wait for its grace",
        )

    def waive_if_asked(self, removal_id: str) -> None:
        """Say that the grace is over, if the removal still comes to wait for that."""
        seen = until(
            lambda: self.removal(removal_id),
            lambda removal: removal.get("step") == "waiver" or removal["status"] != "running",
            f"{removal_id} to wait or end",
            within=60,
        )
        if seen["status"] == "running":
            self.waive(removal_id)

    def removed(self, removal_id: str, within: float = 60) -> Json:
        """Return the removal once it has ended."""
        return until(
            lambda: self.removal(removal_id),
            lambda removal: removal["status"] in TERMINAL,
            f"{removal_id} to end",
            within,
        )

    def ask(self, app: str, path: str, **body: Any) -> httpx.Response:
        return self.clients[app].post(path, json=body)

    def directory(self) -> dict[str, Json]:
        """Return what the directory says, by tenant id."""
        found = self._get(TENANT, "/tenants")["tenants"]
        return {tenant["id"]: tenant for tenant in found}

    def verify(self, tenant_id: str) -> Json:
        return self._get(ORCHESTRATOR, f"/tenants/{tenant_id}/verify")

    def orphans(self) -> list[Json]:
        found: list[Json] = self._get(ORCHESTRATOR, "/orphans")["orphans"]
        return found

    def secret(self, service: str, resource_id: str) -> str:
        """Return a secret, as its tenant has it."""
        return (self.vault / service / resource_id).read_text()

    def postgres(self, user: str = "postgres", password: str = "") -> psycopg.Connection[Any]:
        """Return a connection to the database, as a tenant's role or as the superuser."""
        service = next(a for a in self.system.template.apps if a.app_id == DATABASE)
        port = next(port for port, what in service.ports.items() if "POSTGRES" in what)
        return psycopg.connect(
            host="127.0.0.1",
            port=port,
            user=user,
            password=password or self.secret("database", "postgres"),
            dbname="tenants",
            autocommit=True,
        )

    def as_tenant(self, tenant_id: str) -> psycopg.Connection[Any]:
        name = schema_of(self.tenant(tenant_id)["slug"])
        return self.postgres(name, self.secret("database", f"{tenant_id}:schema"))

    @property
    def gateway(self) -> Gateway:
        """The administrator's access to S3."""
        service = next(a for a in self.system.template.apps if a.app_id == STORAGE)
        port = next(port for port, what in service.ports.items() if "S3" in what)
        return Gateway(
            f"http://127.0.0.1:{port}", "platform:admin", self.secret("storage", "admin")
        )

    def s3(self, tenant_id: str) -> Minio:
        """Return the S3 client of a tenant."""
        return self.gateway.client(tenant_id, self.secret("storage", f"{tenant_id}:bucket"))

    def login(self, slug: str, password: str, username: str = "service") -> httpx.Response:
        form = {"grant_type": "password", "username": username, "password": password}
        return self.clients[IDENTITY].post(f"/id/{slug}/token", data=form)

    def real(self) -> Real:
        """Return what really exists."""
        with self.postgres() as connection:
            schemas = connection.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'"
                " AND nspname NOT IN ('public', 'information_schema')"
            ).fetchall()
            roles = connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND NOT rolsuper"
            ).fetchall()
        realms = self._get(IDENTITY, "/realms")["owned"]
        accounts = self._get(BILLING, "/accounts")["owned"]
        return Real(
            schemas={row[0] for row in schemas} - PROBES,
            roles={row[0] for row in roles} - PROBES,
            buckets={each.name for each in self.gateway.buckets()} - PROBES,
            users=set(self.gateway.users()) - PROBES,
            realms={each["name"] for each in realms},
            accounts={each["name"] for each in accounts},
        )

    def check_invariants(self) -> None:
        """Fail unless what really exists is exactly that of living tenants."""
        for tenant_id in dict.fromkeys(self.tenants):
            self.ended(tenant_id)
        for removal_id in dict.fromkeys(self.removals):
            self.removed(removal_id)
        living = [t for t in self.directory().values() if t["status"] in LIVING]
        slugs, ids = {t["slug"] for t in living}, {t["id"] for t in living}
        schemas = {schema_of(slug) for slug in slugs}
        accounts = {f"{tenant_id}:account" for tenant_id in ids}
        assert self.real() == Real(schemas, schemas, slugs, ids, slugs, accounts)
        assert self.orphans() == []
        for tenant_id in dict.fromkeys(self.tenants):
            if tenant_id in ids:
                found = self.verify(tenant_id)
                assert found["matches"], found
        kept = {path.name.partition(":")[0] for path in self.vault.glob("*/*:*")} - {"platform"}
        assert kept == ids, "secrets of others are still in the vault"

    def _get(self, app: str, path: str) -> Json:
        answer = self.clients[app].get(path)
        answer.raise_for_status()
        found: Json = answer.json()
        return found
