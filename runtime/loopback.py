"""A daprd that listens on loopback only.

`dapr run` has no option for two of daprd's addresses, its internal gRPC port and its metrics. It
starts whatever `.dapr/bin/daprd` it finds below DAPR_RUNTIME_PATH: so we put a script there that
adds the two options and becomes the real daprd. The Dapr that it belongs to is not changed.
"""

import shlex
from pathlib import Path

from runtime.dapr import Dapr

_OPTIONS = (
    *("--dapr-internal-grpc-listen-address", "127.0.0.1"),
    *("--metrics-listen-address", "127.0.0.1"),
)


def runtime_path(dapr: Dapr, folder: Path) -> Path:
    """Write the script below ``folder`` and return what DAPR_RUNTIME_PATH has to be."""
    script = folder / ".dapr" / "bin" / "daprd"
    script.parent.mkdir(parents=True, exist_ok=True)
    daprd = shlex.quote(str(dapr.program("daprd")))
    script.write_text(f'#!/bin/sh\nexec {daprd} "$@" {shlex.join(_OPTIONS)}\n')
    script.chmod(0o700)
    return folder
