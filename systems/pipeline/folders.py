"""Where the pipeline keeps its files: workspaces, jobs with their logs, artifacts, releases.

Build, test, scan and deploy share this folder. What is in it is named by ids that the callers
chose, by commits and by digests; all of these are checked where they come in.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic_settings import BaseSettings


class FolderSettings(BaseSettings):
    """``PIPELINE_FOLDER``: the folder that the services of a pipeline share."""

    pipeline_folder: Path = Path("systems/pipeline/data/pipeline")


class PipelineFolder:
    """The folder, and what is where in it."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @property
    def sample(self) -> Path:
        """The repository of the sample."""
        return self.root / "sample.git"

    def workspace(self, run_id: str) -> Path:
        """Where a run's commits are checked out."""
        return self.root / "workspaces" / run_id

    def source(self, run_id: str, commit: str) -> Path:
        """The files of a commit that was checked out for a run."""
        return self.workspace(run_id) / commit

    def job(self, service: str, job_id: str) -> Path:
        """Where a job works, and its log and findings are kept."""
        return self.root / "jobs" / service / job_id

    def artifact(self, digest: str) -> Path:
        """Where the wheel with a digest is kept: a folder with this one file in it."""
        return self.root / "artifacts" / digest

    def release(self, digest: str) -> Path:
        """Where the wheel with a digest is unpacked, ready to be run."""
        return self.root / "releases" / digest

    def environment(self, name: str) -> Path:
        """What belongs to an environment: its link ``current``, logs, and who listens where."""
        return self.root / "environments" / name

    def opened(self, service: str, job_id: str) -> None:
        """Note that a job may be running."""
        note = self._open(service) / job_id
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch()

    def closed(self, service: str, job_id: str) -> None:
        """Note that a job is over."""
        (self._open(service) / job_id).unlink(missing_ok=True)

    def open_jobs(self, service: str) -> Iterator[str]:
        """Yield the jobs that may be running."""
        folder = self._open(service)
        yield from [path.name for path in folder.iterdir()] if folder.is_dir() else []

    def _open(self, service: str) -> Path:
        return self.root / "jobs" / f"{service}-open"
