"""The job of a test: pytest over the tests of a commit. Tests that are not there fail."""

import sys
from xml.etree import ElementTree

from pydantic import BaseModel

from systems.pipeline.runner.jobs import Verdict
from systems.pipeline.runner.work import Work, main

_NOTHING_COLLECTED = 5


class Counts(BaseModel):
    """How many tests there were, and what became of them."""

    tests: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0

    @property
    def ran(self) -> int:
        return self.tests - self.skipped


def run_tests(work: Work) -> Verdict:
    """Run the tests."""
    against = work.order.get("against")
    folder = "integration" if against else "tests"
    report = work.reports / "tests.xml"
    env = {"BASE_URL": against["url"], "RELEASE": against["release"]} if against else {}
    code = work.run(
        *("-m", "pytest", "--rootdir=.", "-c", "pyproject.toml", "-p", "no:cacheprovider"),
        *("--color=no", f"--junit-xml={report}", folder),
        PYTHONPATH="src:.",
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",  # those that happen to be here are the runner's
        **env,
    )
    counts = _counts(report.read_text()) if report.is_file() else Counts()
    return judged(code, counts, folder)


def judged(code: int, counts: Counts, folder: str) -> Verdict:
    """Return what pytest's exit code and its counts amount to."""
    result = counts.model_dump()
    if code == _NOTHING_COLLECTED or (code == 0 and not counts.ran):
        detail = f"There are no tests in {folder}/, or all are skipped."
        return Verdict(status="failed", reason="no_tests", detail=detail, result=result)
    if code:
        bad = counts.failures + counts.errors
        detail = f"{bad} of {counts.tests} tests failed; pytest ended with code {code}."
        return Verdict(status="failed", reason="tests_failed", detail=detail, result=result)
    return Verdict(status="passed", detail=f"{counts.ran} tests passed.", result=result)


def _counts(report: str) -> Counts:
    suites = list(ElementTree.fromstring(report).iter("testsuite"))
    return Counts(
        **{name: sum(int(s.get(name, 0)) for s in suites) for name in Counts.model_fields}
    )


if __name__ == "__main__":
    sys.exit(main(run_tests, sys.argv[1:]))
