"""What a job's own process has in hand: its order, a copy of the commit, and a verdict to leave."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from systems.pipeline.folders import PipelineFolder
from systems.pipeline.runner import processes
from systems.pipeline.runner.jobs import Verdict


@dataclass(frozen=True)
class Work:
    """A job at work in its ``folder``; the commit's files are in ``tree``, and are its own."""

    home: PipelineFolder
    folder: Path
    order: dict[str, Any]

    @property
    def tree(self) -> Path:
        return self.folder / "work" / "tree"

    @property
    def reports(self) -> Path:
        made = self.folder / "reports"
        made.mkdir(exist_ok=True)
        return made

    def run(self, *words: str, **env: str) -> int:
        """Run Python in the tree, its output in the log; return its exit code. The commit's own
        code runs in it, and sees no more than `environment`."""
        return self._run(words, env, None).returncode

    def tool(self, module: str, *words: str, **env: str) -> int:
        """Run a tool of the runner's on the tree: what the commit calls by the same name is not
        what is imported."""
        return self.run("-P", "-m", module, *words, **env)

    def output_of(self, module: str, *words: str) -> bytes:
        """Run a tool and return its output. Raises CalledProcessError."""
        done = self._run(("-P", "-m", module, *words), {}, subprocess.PIPE)
        done.check_returncode()
        return done.stdout

    def _run(
        self, words: Sequence[str], env: dict[str, str], out: int | None
    ) -> subprocess.CompletedProcess[bytes]:
        print(f"$ python {' '.join(words)}", flush=True)
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=self.tree, env=self._env(env), stdout=out, check=False)

    def _env(self, more: dict[str, str]) -> dict[str, str]:
        scratch = self.folder / "work" / "scratch"
        scratch.mkdir(exist_ok=True)
        mark = {processes.MARK: os.environ.get(processes.MARK, "")}
        places = {"HOME": str(scratch), "TMPDIR": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"}
        return processes.environment(**mark, **places, **more)


def main(act: Callable[[Work], Verdict], words: Sequence[str]) -> int:
    """Do a job: ``words`` are the pipeline's folder and the job's id. Return its exit code."""
    os.umask(0o022)
    root, job_id = words
    home, folder = PipelineFolder(Path(root)), Path.cwd()
    order = json.loads((folder / "order.json").read_text())
    work = Work(home, folder, order)
    run_id = job_id.partition(":")[0]
    source = home.source(run_id, order["commit"])
    if source.is_dir():
        shutil.copytree(source, work.tree, symlinks=True)
        level(work.tree)
        found = act(work)
    else:
        detail = f"Commit {order['commit']} is not checked out for {run_id}."
        found = Verdict(status="failed", reason="no_workspace", detail=detail)
    print(f"{found.status}: {found.detail}" if found.detail else found.status, flush=True)
    aside = folder / "verdict.tmp"
    aside.write_text(found.model_dump_json())
    aside.replace(folder / "verdict.json")
    return 0 if found.status == "passed" else 1


def level(tree: Path) -> None:
    """Give files and folders the modes that they have in git, whoever checked them out."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
