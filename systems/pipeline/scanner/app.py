"""ScanService over HTTP."""

from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from base.wire import as_asked
from systems.pipeline.runner.service import create_runner_service
from systems.pipeline.scanner.gates import Gates, Severity
from systems.pipeline.scanner.models import ScanRequest


class ScanSettings(BaseSettings):
    """``SCAN_STOPS_FROM``: from which severity on a finding stops a run. ``SCAN_STOPS_UNKNOWN``:
    whether a package does of which the advisories say nothing. ``ADVISORIES_FILE``: where those
    are."""

    scan_stops_from: Severity = "medium"
    scan_stops_unknown: bool = True
    advisories_file: Path = Path(__file__).parent / "advisories.json"


def ordered(wanted: ScanRequest) -> dict[str, Any]:
    settings = ScanSettings()
    gates = Gates(stops_from=settings.scan_stops_from, stops_unknown=settings.scan_stops_unknown)
    advisories = str(settings.advisories_file.resolve())
    return as_asked(wanted) | {"gates": gates.model_dump(), "advisories": advisories}


app = create_runner_service(
    "ScanService", "scan", "systems.pipeline.scanner.job", ScanRequest, order=ordered
)
