"""The job of a build: a wheel, the same bytes for the same commit, kept by its SHA-256."""

import hashlib
import sys
from pathlib import Path

from systems.pipeline.runner.jobs import Verdict
from systems.pipeline.runner.work import Work, main


def build(work: Work) -> Verdict:
    """Build the wheel and keep it. Nothing is downloaded: what it is built with is the runner's."""
    made = work.folder / "work" / "made"
    code = work.tool(
        *("build", "--wheel", "--no-isolation", "--outdir", str(made), "."),
        SOURCE_DATE_EPOCH=str(work.order["committed_at"]),
    )
    wheels = list(made.glob("*.whl"))
    if code or len(wheels) != 1:
        detail = f"build ended with code {code} and made {len(wheels)} wheels."
        return Verdict(status="failed", reason="build_failed", detail=detail)
    [wheel] = wheels
    content = wheel.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    _keep(wheel, work.home.artifact(digest))
    result = {"digest": digest, "wheel": wheel.name, "bytes": len(content)}
    told = f"{wheel.name}, sha256 {digest}"
    return Verdict(status="passed", detail=told, result=result)


def _keep(wheel: Path, place: Path) -> None:
    """Keep an artifact in its place, whole or not at all; the same one is kept once."""
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        wheel.parent.rename(place)
    except OSError:
        if not place.exists():
            raise


if __name__ == "__main__":
    sys.exit(main(build, sys.argv[1:]))
