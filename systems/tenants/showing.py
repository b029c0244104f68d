"""What `make run SYSTEM=tenants` shows of its sample: how the tenant gets at what it has.

No command has a secret in it: each reads it from the file in the vault, as only this user can.
"""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from runtime import databases
from systems.tenants.removal_ids import REMOVALS, TENANTS, removal_of


@dataclass(frozen=True)
class Shown:
    """A command for a shell, and what it is for."""

    title: str
    command: str


@dataclass(frozen=True)
class Door:
    """Where an orchestrator is; ``token`` is the file with what it wants to be shown, if any."""

    url: str
    token: Path | None = None

    @property
    def curl(self) -> str:
        shown = f' -H @<(echo "dapr-api-token: $(cat {_file(self.token)})")' if self.token else ""
        return f"curl -sS{shown}"

    @property
    def headers(self) -> dict[str, str]:
        return {"dapr-api-token": self.token.read_text()} if self.token else {}


def commands(tenant: dict[str, Any], door: Door, removals: Door) -> list[Shown]:
    """Return the commands for a tenant, as ``GET /tenants/{id}`` shows it at its orchestrator's
    door; the other one is that of removals."""
    schema, bucket, realm = (tenant["resources"][n] for n in ("schema", "bucket", "realm"))
    host, _, port = schema["host"].partition(":")
    to = f"-h {host} -p {port} -U {schema['role']} -d {schema['database']}"
    query = "-c 'TABLE settings' -c 'TABLE schema_migrations'"
    psql = f'PGPASSWORD="$(cat {_quoted(schema)})" {_file(databases.programs() / "psql")} {to}'
    # Read by a shell's own echo: what is on a command line, everybody can see.
    user = f'-K <(echo "user = {bucket["accessKey"]}:$(cat {_quoted(bucket)})")'
    signed = f"--aws-sigv4 aws:amz:{bucket['region']}:s3 -H x-amz-content-sha256:UNSIGNED-PAYLOAD"
    s3 = f"curl -sS {user} {signed}"
    at = f"{bucket['endpoint']}/{bucket['bucket']}"
    form = f"-d grant_type=password -d username={realm['username']}"
    token = f"curl -sS {form} --data-urlencode password@{_quoted(realm)} {realm['issuer']}/token"
    tenant_id = tenant["tenantId"]
    its, removal = f"{door.url}/tenants/{tenant_id}", removal_of(tenant_id)
    insist = f"{removals.curl} -f --retry 9 --retry-delay 1 --retry-all-errors"
    waive = f"{insist} --json '{{}}' {removals.url}/removals/{removal}/signals/waiver"
    return [
        Shown("its database", f"{psql} {query}"),
        Shown("its bucket", f"{s3} -T README.md {at}/README.md && {s3} '{at}?list-type=2'"),
        Shown("a token of its realm", token),
        Shown("what really exists of it", f"{door.curl} {its}/verify"),
        Shown("to remove it in seven days", f"{door.curl} -X DELETE {its}"),
        Shown("to have these seven days over now", waive),
    ]


def main(tenant_id: str, tokens: str, url: str, removals_url: str) -> None:
    """Print the commands for a tenant. ``tokens`` is the folder of them, if there are any."""
    door, removals = (
        Door(where, Path(tokens) / app_id if tokens else None)
        for where, app_id in ((url, TENANTS), (removals_url, REMOVALS))
    )
    path = f"{url}/tenants/{tenant_id}"
    tenant = httpx.get(path, headers=door.headers, timeout=30).raise_for_status().json()
    if tenant["status"] != "active":
        print(f"The tenant is {tenant['status']}; {url}/console/tenants/{tenant_id} says why.")
        return
    for shown in commands(tenant, door, removals):
        print(f"\n# {shown.title}\n{shown.command}")


def _quoted(facts: dict[str, str]) -> str:
    return _file(Path(facts["secret"]))


def _file(path: Path) -> str:
    """Return a path for a shell, from the folder that it is run in if it lies there."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


if __name__ == "__main__":
    main(*sys.argv[1:])
