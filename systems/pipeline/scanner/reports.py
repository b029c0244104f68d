"""Reading what the scanners report."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from systems.pipeline.scanner.gates import Finding, Package, Severity

_SECRET_IS: Severity = "high"


def of_bandit(report: dict[str, Any]) -> Iterator[Finding]:
    """Yield what bandit found. A file that it could not read counts as the worst of it."""
    for each in report["results"]:
        severity = str(each["issue_severity"]).lower()
        yield Finding(
            tool="bandit",
            severity=cast(Severity, severity) if severity != "undefined" else "low",
            where=f"{each['filename']}:{each['line_number']}",
            says=f"{each['test_id']}: {each['issue_text']}",
        )
    for each in report["errors"]:
        where, says = str(each["filename"]), f"it cannot be read: {each['reason']}"
        yield Finding(tool="bandit", severity="high", where=where, says=says)


def nosecs_of_bandit(report: dict[str, Any]) -> int:
    """Return how many lines the commit itself keeps from being looked at."""
    return int(report["metrics"]["_totals"]["nosec"])


def of_detect_secrets(report: dict[str, Any]) -> Iterator[Finding]:
    """Yield the secrets that were found; they themselves are in no report."""
    for path, found in report["results"].items():
        for each in found:
            where, says = f"{path}:{each['line_number']}", str(each["type"])
            yield Finding(tool="detect-secrets", severity=_SECRET_IS, where=where, says=says)


def packages_of(sbom: dict[str, Any]) -> list[Package]:
    """Return the packages that an SBOM in CycloneDX's JSON lists."""
    return [
        Package(name=each["name"], version=each.get("version"))
        for each in sbom.get("components", [])
    ]


def not_listed(project: dict[str, Any], listed: Sequence[Package]) -> list[Package]:
    """Return the packages that a pyproject.toml depends on and that an SBOM does not list: nobody
    pinned them. Raises ValueError for what is no requirement."""
    there = {canonicalize_name(package.name) for package in listed}
    wanted = [Requirement(each).name for each in project["project"].get("dependencies", [])]
    return [Package(name=name) for name in wanted if canonicalize_name(name) not in there]
