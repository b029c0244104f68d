"""The passwords that sidecars give to their components, in a file that only its owner reads.

They are in no command line and no environment, which others can see, and in no file of the
project. The file is what ``components/secrets.yaml`` names.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

FILE = "secrets.json"
AT_FIRST = {"mailPassword": ""}  # that of the mail server; the local sink takes none


def keep(data: Path, secrets: Mapping[str, str] | None = None) -> None:
    """Write secrets by name into the file in ``data``, beside those that are there."""
    path = data / FILE
    known = json.loads(path.read_text()) if path.exists() else {}
    kept = AT_FIRST | known | dict(secrets or {})
    if kept != known:
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(kept, file, indent=2)
        part.replace(path)
