"""The gates of a scan: what may not go on. They are rules that look at nothing but findings.

What is not known to be clean is not clean: a package that the advisories say nothing of is
``unknown``, and has a gate of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel

Severity = Literal["low", "medium", "high", "critical"]
ORDER: Sequence[Severity] = ("low", "medium", "high", "critical")


class Finding(BaseModel):
    """Something unsafe: what found it, how bad it is, where, and why."""

    tool: Literal["bandit", "detect-secrets", "advisories"]
    severity: Severity
    where: str
    says: str


class Package(BaseModel):
    """A package that the commit depends on; without a version when it is not pinned."""

    name: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version or '(not pinned)'}"


class Advisory(BaseModel):
    """What is known to be wrong with some versions of a package (``<3.1.6``)."""

    id: str
    affected: str
    severity: Severity
    says: str


class Known(BaseModel):
    """A package that somebody looks after: in the versions ``reviewed``, its advisories are all."""

    reviewed: str
    advisories: list[Advisory] = []


class Gates(BaseModel):
    """From which severity on a finding stops the run, and whether what is unknown does."""

    stops_from: Severity = "medium"
    stops_unknown: bool = True


class Scanned(BaseModel):
    """All that was found."""

    findings: list[Finding]
    clean: list[str]
    unknown: list[str]


def judged_packages(packages: Sequence[Package], advisories: Mapping[str, Known]) -> Scanned:
    """Say of each package whether it is clean, has advisories, or is unknown."""
    known_by = {canonicalize_name(name): known for name, known in advisories.items()}
    findings, clean, unknown = list[Finding](), list[str](), list[str]()
    for package in packages:
        known, version = known_by.get(canonicalize_name(package.name)), _version(package)
        if known is None or version is None or not _within(known.reviewed, version):
            unknown.append(str(package))
            continue
        hits = [each for each in known.advisories if _within(each.affected, version)]
        findings += [_found(package, hit) for hit in hits]
        clean += [] if hits else [str(package)]
    return Scanned(findings=findings, clean=clean, unknown=unknown)


def stopped_by(scanned: Scanned, gates: Gates) -> list[str]:
    """Return why a run may not go on, in words, the worst first; nothing if it may."""
    worst = [
        f for f in scanned.findings if ORDER.index(f.severity) >= ORDER.index(gates.stops_from)
    ]
    worst.sort(key=lambda finding: -ORDER.index(finding.severity))
    why = [f"{f.tool}, {f.severity}: {f.says} ({f.where})" for f in worst]
    if gates.stops_unknown:
        why += [f"advisories, unknown: {package}" for package in scanned.unknown]
    return why


def _found(package: Package, hit: Advisory) -> Finding:
    says = f"{hit.id}: {hit.says}"
    return Finding(tool="advisories", severity=hit.severity, where=str(package), says=says)


def _version(package: Package) -> Version | None:
    """Return the version that is judged. None for what is not pinned, and for a pre-release: of
    which advisories it has, specifiers say too little (``<3.1.5`` leaves 3.1.5rc1 out)."""
    try:
        version = Version(package.version or "")
    except InvalidVersion:
        return None
    return None if version.is_prerelease else version


def _within(specifier: str, version: Version) -> bool:
    return SpecifierSet(specifier).contains(version)
