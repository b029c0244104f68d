"""A release on disk: a wheel, unpacked once under its SHA-256, and how it is started."""

import hashlib
import re
import sys
import tempfile
import zipfile
from configparser import ConfigParser
from pathlib import Path

from base.errors import Refusal
from systems.pipeline.folders import PipelineFolder

_ENTRY = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")


def unpack(home: PipelineFolder, digest: str) -> Path:
    """Unpack the wheel with this SHA-256, unless it is unpacked; return its folder.

    Refuses ``unknown_artifact``, and ``other_bytes`` when what is kept is not what was built.
    """
    release = home.release(digest)
    if release.is_dir():
        return release
    wheels = list(home.artifact(digest).glob("*.whl"))
    if len(wheels) != 1:
        raise Refusal("unknown_artifact", f"There is no artifact {digest}.")
    if hashlib.sha256(wheels[0].read_bytes()).hexdigest() != digest:
        raise Refusal("other_bytes", f"{wheels[0].name} is not what was built as {digest}.")
    release.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=release.parent, prefix=".") as aside:
        tree = Path(aside) / "tree"
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(tree)  # it takes no path that leads out of there
        tree.rename(release)
    return release


def command(release: Path) -> list[str]:
    """Return how a release is started: by its entry point ``serve``. Refuses ``no_entry_point``."""
    read = ConfigParser(delimiters=("=",), interpolation=None)
    for points in release.glob("*.dist-info/entry_points.txt"):
        read.read_string(points.read_text())
    wanted = read.get("console_scripts", "serve", fallback="")
    if not (found := _ENTRY.fullmatch(wanted.replace(" ", ""))):
        detail = "Its project.scripts have no `serve`, which starts it on the port PORT."
        raise Refusal("no_entry_point", detail)
    module, function = found.groups()
    return [sys.executable, "-c", f"from {module} import {function}; {function}()"]
