"""The gates of a scan: by severity; and what is not known to be clean is not clean."""

from typing import Any

import pytest

from systems.pipeline.scanner import reports
from systems.pipeline.scanner.gates import (
    Advisory,
    Finding,
    Gates,
    Known,
    Package,
    Scanned,
    Severity,
    judged_packages,
    stopped_by,
)

ADVISORIES = {
    "Jinja2": Known(
        reviewed="<=3.1.6",
        advisories=[Advisory(id="A-1", affected="<3.1.5", severity="high", says="It leaks.")],
    ),
    "markupsafe": Known(reviewed="<=3.0.4"),
}


@pytest.mark.parametrize(
    ("package", "outcome"),
    [
        (Package(name="jinja2", version="3.1.6"), "clean"),
        (Package(name="JINJA2", version="3.1.4"), "found"),
        (Package(name="jinja2", version="3.2.0"), "unknown"),  # nobody has looked at it yet
        (Package(name="jinja2", version="3.1.5rc1"), "unknown"),
        (Package(name="jinja2"), "unknown"),
        (Package(name="jinja2", version="latest"), "unknown"),
        (Package(name="markupsafe", version="3.0.4"), "clean"),
        (Package(name="left-pad", version="1.0"), "unknown"),
    ],
    ids=str,
)
def test_a_package_is_clean_only_if_somebody_looked_at_that_version(
    package: Package, outcome: str
) -> None:
    found = judged_packages([package], ADVISORIES)
    there = {"clean": found.clean, "unknown": found.unknown, "found": found.findings}
    assert [name for name, each in there.items() if each] == [outcome]


def test_each_package_is_judged_for_itself() -> None:
    names = ["left-pad 1.0", "jinja2 3.1.4", "markupsafe 3.0.4", "jinja2 3.1.3", "jinja2 3.1.6"]
    packages = [Package(name=n, version=v) for n, v in (name.split() for name in names)]
    assert judged_packages([*packages, Package(name="six")], ADVISORIES) == Scanned(
        findings=[
            Finding(tool="advisories", severity="high", where=where, says="A-1: It leaks.")
            for where in ("jinja2 3.1.4", "jinja2 3.1.3")
        ],
        clean=["markupsafe 3.0.4", "jinja2 3.1.6"],
        unknown=["left-pad 1.0", "six (not pinned)"],
    )


def test_the_worst_is_told_first() -> None:
    severities: list[Severity] = ["medium", "critical", "low", "high"]
    findings = [Finding(tool="bandit", severity=s, where="a.py:1", says="B1") for s in severities]
    scanned = Scanned(findings=findings, clean=[], unknown=["six"])
    assert stopped_by(scanned, Gates()) == [
        "bandit, critical: B1 (a.py:1)",
        "bandit, high: B1 (a.py:1)",
        "bandit, medium: B1 (a.py:1)",
        "advisories, unknown: six",
    ]


@pytest.mark.parametrize(
    ("severity", "stops_from", "stops"),
    [
        ("low", "medium", False),
        ("medium", "medium", True),
        ("high", "medium", True),
        ("high", "critical", False),
        ("low", "low", True),
    ],
)
def test_a_finding_stops_from_the_gates_severity_on(
    severity: Severity, stops_from: Severity, stops: bool
) -> None:
    finding = Finding(tool="bandit", severity=severity, where="a.py:1", says="B1")
    scanned = Scanned(findings=[finding], clean=[], unknown=[])
    assert bool(stopped_by(scanned, Gates(stops_from=stops_from))) == stops


@pytest.mark.parametrize("stops", [True, False])
def test_what_is_unknown_has_a_gate_of_its_own(stops: bool) -> None:
    scanned = Scanned(findings=[], clean=[], unknown=["left-pad 1.0"])
    why = stopped_by(scanned, Gates(stops_from="critical", stops_unknown=stops))
    assert why == (["advisories, unknown: left-pad 1.0"] if stops else [])


def test_a_file_that_bandit_cannot_read_is_found() -> None:
    report: dict[str, Any] = {"results": [], "errors": [{"filename": "a.py", "reason": "syntax"}]}
    assert [finding.severity for finding in reports.of_bandit(report)] == ["high"]


def test_a_secret_is_found_and_not_told() -> None:
    found = {"line_number": 3, "type": "AWS Access Key", "hashed_secret": "5e"}
    [finding] = reports.of_detect_secrets({"results": {"a.py": [found]}})
    assert (finding.severity, finding.where, finding.says) == ("high", "a.py:3", "AWS Access Key")


def test_a_dependency_that_nobody_pinned_is_not_overlooked() -> None:
    project = {"project": {"dependencies": ["Jinja2>=3", "left_pad"]}}
    listed = [Package(name="jinja2", version="3.1.6")]
    assert [str(each) for each in reports.not_listed(project, listed)] == ["left_pad (not pinned)"]
