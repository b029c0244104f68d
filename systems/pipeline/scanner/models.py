"""Wire types of ScanService."""

from systems.pipeline.runner.models import JobRequest


class ScanRequest(JobRequest):
    """Scan the commit."""
