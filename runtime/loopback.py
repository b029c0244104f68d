"""A daprd that listens on loopback only, takes no more than its share of the cores and, in a secure
system, shows who it is.

`dapr run` has no option for two of daprd's addresses, its internal gRPC port and its metrics, nor
for an environment of a sidecar's own. It starts whatever `.dapr/bin/daprd` it finds below
DAPR_RUNTIME_PATH: so we put a script there that adds what is missing and becomes the real daprd.
The Dapr that it belongs to is not changed. Tokens come from files, so no command line shows them.
"""

import shlex
from pathlib import Path

from runtime import cores
from runtime.dapr import Dapr
from runtime.secure import identities
from runtime.secure.vault import Vault

_OPTIONS = (
    *("--dapr-internal-grpc-listen-address", "127.0.0.1"),
    *("--metrics-listen-address", "127.0.0.1"),
)
_SECRETS = """\
for word in "$@"; do
  [ "$before" = --app-id ] && id=$word
  before=$word
done
if [ -n "$id" ]; then
  export DAPR_API_TOKEN="$(cat {api})" APP_API_TOKEN="$(cat {app})"
  export DAPR_TRUST_ANCHORS="$(cat {anchors})" {token_file}={identity}
fi
"""


def runtime_path(
    dapr: Dapr, folder: Path, vault: Vault | None = None, sentry_port: int = 0
) -> Path:
    """Write the script below ``folder`` and return what DAPR_RUNTIME_PATH has to be. With a vault,
    the sidecars speak mTLS by what Sentry signs, and ask for tokens."""
    script = folder / ".dapr" / "bin" / "daprd"
    script.parent.mkdir(parents=True, exist_ok=True)
    daprd = shlex.quote(str(dapr.program("daprd")))
    options = [*_OPTIONS, *(_mtls(sentry_port) if vault else [])]
    share = shlex.join(f"{name}={value}" for name, value in cores.environment().items())
    before = f"export {share}\n{_secrets(vault) if vault else ''}"
    script.write_text(f'#!/bin/sh\n{before}exec {daprd} "$@" {shlex.join(options)}\n')
    script.chmod(0o700)
    return folder


def _mtls(sentry_port: int) -> list[str]:
    return [
        "--enable-mtls",
        *("--sentry-address", f"127.0.0.1:{sentry_port}"),
        *("--control-plane-trust-domain", identities.TRUST_DOMAIN),
    ]


def _secrets(vault: Vault) -> str:
    return _SECRETS.format(
        api=_of_id(vault.api_token_file("")),
        app=_of_id(vault.app_token_file("")),
        identity=_of_id(vault.identity_file("")),
        anchors=shlex.quote(str(vault.trust_anchors)),
        token_file=identities.TOKEN_FILE,
    )


def _of_id(folder: Path) -> str:
    return f'{shlex.quote(str(folder))}/"$id"'
