"""A system that `make new` writes works as it stands on real daprd."""

from pathlib import Path

from tests.support.planted import passes, project_with


def test_its_tests_pass_on_the_running_system(tmp_path: Path) -> None:
    project = project_with(tmp_path.resolve(), "claims")
    passes(project, "pytest", "-q", "-p", "no:cacheprovider", "systems/claims/tests")
