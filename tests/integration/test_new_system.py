"""A system that `make new` writes works as it stands on real daprd."""

from pathlib import Path

from tests.support.planted import passes, project_with, ran

TESTS = ("pytest", "-q", "-p", "no:cacheprovider", "systems/claims/tests/test_running.py")


def test_its_tests_pass_on_the_running_system_and_notice_what_is_broken_later(
    tmp_path: Path,
) -> None:
    project = project_with(tmp_path.resolve(), "claims")
    passes(project, *TESTS)
    desk = project / "systems" / "claims" / "desk.py"
    desk.write_text(desk.read_text().replace("_AT_MOST = 10", "_AT_MOST = 1"))
    again = ran(project, *TESTS)
    assert "2 failed, 1 passed" in again.stdout, again.stdout + again.stderr
