"""What `make run SYSTEM=tenants` shows of its sample: how the tenant gets at what it has.

No command has a secret in it: each reads it from the file in the vault, as only this user can.
"""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from base.token import HEADER as TOKEN_HEADER
from runtime import databases
from systems.tenants.removal_ids import REMOVALS, removal_of

TENANTS = "tenant-orchestrator"


@dataclass(frozen=True)
class Shown:
    """A command for a shell, and what it is for."""

    title: str
    command: str


def commands(tenant: dict[str, Any], sidecar_url: str, token: Path | None = None) -> list[Shown]:
    """Return the commands for a tenant, as ``GET /tenants/{id}`` shows it. Both orchestrators are
    reached by a sidecar, to which a secure system's ``token`` is shown."""
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
    login = f"curl -sS {form} --data-urlencode password@{_quoted(realm)} {realm['issuer']}/token"
    tenant_id = tenant["tenantId"]
    own = f"{sidecar_url}/v1.0/invoke/{TENANTS}/method/tenants/{tenant_id}"
    removals = f"{sidecar_url}/v1.0/invoke/{REMOVALS}/method/removals/{removal_of(tenant_id)}"
    ask = f'curl -sS -H @<(echo "{TOKEN_HEADER}: $(cat {_file(token)})")' if token else "curl -sS"
    insist = "-f --retry 9 --retry-delay 1 --retry-all-errors"
    waive = f"{ask} {insist} -X POST {removals}/signals/waiver --json '{{}}'"
    return [
        Shown("its database", f"{psql} {query}"),
        Shown("its bucket", f"{s3} -T README.md {at}/README.md && {s3} '{at}?list-type=2'"),
        Shown("a token of its realm", login),
        Shown("what really exists of it", f"{ask} {own}/verify"),
        Shown("to remove it in seven days", f"{ask} -X DELETE {own}"),
        Shown("to have these seven days over now", waive),
    ]


def main(url: str, sidecar_url: str, tenant_id: str, token_file: str = "") -> None:
    """Print the commands for a tenant; ``url`` is where the console is."""
    token = Path(token_file) if token_file else None
    headers = {TOKEN_HEADER: token.read_text()} if token else {}
    own = f"{sidecar_url}/v1.0/invoke/{TENANTS}/method/tenants/{tenant_id}"
    tenant = httpx.get(own, headers=headers, timeout=30).raise_for_status().json()
    if tenant["status"] != "active":
        print(f"The tenant is {tenant['status']}; {url}/console/tenants/{tenant_id} says why.")
        return
    for shown in commands(tenant, sidecar_url, token):
        print(f"\n# {shown.title}\n{shown.command}")


def _quoted(facts: dict[str, str]) -> str:
    return _file(Path(facts["secret"]))


def _file(path: Path) -> str:
    """Return a path for a shell, from the folder that it is run in if it lies there."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


if __name__ == "__main__":
    main(*sys.argv[1:])
