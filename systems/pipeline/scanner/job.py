"""The job of a scan: bandit, detect-secrets, an SBOM, and advisories about what is in it."""

import json
import sys
import tomllib
from pathlib import Path
from subprocess import CalledProcessError

from pydantic import TypeAdapter

from systems.pipeline.runner.jobs import Verdict
from systems.pipeline.runner.work import Work, main
from systems.pipeline.scanner import reports
from systems.pipeline.scanner.gates import Gates, Known, Scanned, judged_packages, stopped_by

_SHOWN = 20
_KNOWN = TypeAdapter(dict[str, Known])


def scan(work: Work) -> Verdict:
    """Look at the code, for secrets, and at what it depends on; then at the gates."""
    try:
        found, nosecs = _looked(work)
    except (CalledProcessError, OSError, ValueError, KeyError) as fault:
        detail = f"A scanner did not do its work: {fault}"
        return Verdict(status="failed", reason="scan_broken", detail=detail[:300])
    (work.reports / "findings.json").write_text(found.model_dump_json(indent=2))
    for finding in found.findings:
        print(f"{finding.tool}: {finding.severity}: {finding.where}: {finding.says}")
    for package in found.unknown:
        print(f"advisories: unknown: {package}")
    why = stopped_by(found, Gates.model_validate(work.order["gates"]))
    counts = {"findings": len(found.findings), "clean": len(found.clean)}
    result = counts | {"unknown": len(found.unknown), "nosec": nosecs, "stops": why[:_SHOWN]}
    if why:
        more = f" and {len(why) - 1} more" if len(why) > 1 else ""
        return Verdict(status="failed", reason="gate", detail=why[0] + more, result=result)
    told = f"{counts['findings']} findings below the gate, {len(found.unknown)} packages unknown."
    return Verdict(status="passed", detail=told, result=result)


def _looked(work: Work) -> tuple[Scanned, int]:
    """Return what was found, and how many lines the commit keeps from being looked at."""
    bandit, options = work.reports / "bandit.json", work.reports / "bandit.ini"
    options.write_text("[bandit]\n")  # else those that the commit brings would count
    work.tool(
        *("bandit", "--quiet", "--recursive", ".", "--ini", str(options)),
        *("--format", "json", "--output", str(bandit), "--exit-zero"),
    )
    code = json.loads(bandit.read_text())
    secrets = json.loads(work.output_of("detect_secrets", "scan", "--no-verify", "--all-files"))
    listed = reports.packages_of(_sbom(work))
    project = tomllib.loads((work.tree / "pyproject.toml").read_text())
    listed += reports.not_listed(project, listed)
    packages = judged_packages(listed, _advisories(work))
    findings = [*reports.of_bandit(code), *reports.of_detect_secrets(secrets), *packages.findings]
    return packages.model_copy(update={"findings": findings}), reports.nosecs_of_bandit(code)


def _sbom(work: Work) -> dict[str, object]:
    """Write the SBOM of what the commit is and depends on, and return it."""
    pinned, sbom = work.tree / "requirements.txt", work.reports / "sbom.json"
    if not pinned.exists():
        pinned.write_text("")
    work.output_of(
        *("cyclonedx_py", "requirements", "--output-reproducible"),
        *("--no-validate", "--pyproject", "pyproject.toml"),  # to validate takes it 2 s
        *("--output-file", str(sbom), "requirements.txt"),
    )
    made: dict[str, object] = json.loads(sbom.read_text())
    return made


def _advisories(work: Work) -> dict[str, Known]:
    return _KNOWN.validate_json(Path(work.order["advisories"]).read_bytes())


if __name__ == "__main__":
    sys.exit(main(scan, sys.argv[1:]))
