"""The running pipeline as a test meets it: start runs, look, decide, and check what is left."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psutil

from systems.pipeline.runner import processes
from systems.pipeline.words import EXAMPLE
from tests.support.fault_proxy import FaultProxy
from tests.support.waiting import until

BUILD, TEST, SCAN = "build-service", "test-service", "scan-service"
DEPLOY, NOTIFICATION = "deploy-service", "notification-service"
ORCHESTRATOR = "run-orchestrator"
SERVICES = (BUILD, TEST, SCAN, DEPLOY, NOTIFICATION)
TERMINAL = ("released", "rejected", "cancelled", "failed")
ENVIRONMENTS = ("staging", "production")

_serial = count(1)

Json = dict[str, Any]


@dataclass
class Works:
    """Clients of every app, the proxies in front of the services, and the runs of this test."""

    orchestrator: httpx.Client
    services: dict[str, httpx.Client]
    proxies: dict[str, FaultProxy]
    data: Path
    runs: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """What the services share."""
        return self.data / "pipeline"

    def run_id(self, name: str = "r") -> str:
        """Return a new run id."""
        return f"{name}-{next(_serial):06d}"

    def start(self, run_id: str, commit: str = "main", **changes: Any) -> None:
        """Start a run without waiting for its end."""
        self.runs.append(run_id)
        answer = self.put(run_id, EXAMPLE | {"commit": commit} | changes)
        assert answer.status_code == 202, answer.text

    def put(self, run_id: str, body: Json) -> httpx.Response:
        headers = {"Prefer": "respond-async"}
        return self.orchestrator.put(f"/runs/{run_id}", json=body, headers=headers)

    def run(self, run_id: str) -> Json:
        """Return the run as it is now."""
        answer = self.orchestrator.get(f"/runs/{run_id}")
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def ended(self, run_id: str, within: float = 90) -> Json:
        """Return the run once it has ended; whoever is asked approves it."""
        return self.see(run_id, lambda run: run["status"] in TERMINAL, "end", within)

    def at(self, run_id: str, step: str, within: float = 60) -> Json:
        """Return the run once this step of it runs, or is waited for; approved on its way there."""
        return until(
            lambda: self.run(run_id) if step == "approval" else self._approved(run_id),
            lambda run: step in (run.get("step") or "").replace(" or ", ", ").split(", "),
            f"{run_id} to come to {step}",
            within,
        )

    def see(self, run_id: str, good: Callable[[Json], bool], what: str, within: float = 90) -> Json:
        """Return the run once it is as it should be; approved on its way there."""
        return until(lambda: self._approved(run_id), good, f"{run_id} to {what}", within)

    def parked(self, run_id: str) -> Json:
        """Return the run once it needs attention."""
        return self.see(run_id, lambda run: run["status"] == "needs_attention", "need attention")

    def ask(self, run_id: str, what: str, **word: Any) -> httpx.Response:
        """Ask something of a run: ``cancel``, ``resume`` or ``signals/…``."""
        return self.orchestrator.post(f"/runs/{run_id}/{what}", json=word)

    def approve(self, run_id: str, release: str, by: str = "grace") -> httpx.Response:
        return self.ask(run_id, "signals/approval", by=by, approved=True, attempt=release)

    def asked_about(self, run: Json) -> str | None:
        """Return the release that a run waits for an approval of."""
        waits = [w for w in run["waits"] if w["signal"] == "approval" and not w["over"]]
        return waits[-1]["attempt"] if waits else None

    def release_of(self, run_id: str) -> str:
        """Return the release that a run built."""
        return str(self.job(BUILD, run_id, "build")["result"]["digest"])

    def have_live(self, commit: str) -> str:
        """Have the release of a commit of the sample in production; return it."""
        env = self.environment("production")
        for change in env["history"]:
            if change["release"] == env.get("release") and (run := change.get("run")):
                source = self.services[BUILD].get(f"/workspaces/{run}:workspace").json()
                if source["subject"] == ("The first release" if commit == "main" else ""):
                    return str(env["release"])
        run_id = self.run_id("live")
        self.start(run_id, commit)
        assert self.ended(run_id)["status"] == "released"
        return self.release_of(run_id)

    def environment(self, name: str) -> Json:
        answer = self.services[DEPLOY].get(f"/environments/{name}")
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def answers(self, name: str) -> Json:
        """Return which release answers in an environment."""
        url = self.environment(name)["url"]
        answer = httpx.get(f"{url}/version", timeout=5)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def job(self, service: str, run_id: str, name: str) -> Json:
        answer = self.services[service].get(f"/jobs/{run_id}:{name}")
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def processes_of(self, run_id: str, job: str = "") -> list[psutil.Process]:
        """Return what is alive of a run's jobs, or of one of them."""
        return [p for p in self.job_processes() if f"|{run_id}:{job}" in _mark(p)]

    def job_processes(self) -> Iterator[psutil.Process]:
        """Yield what is alive of all jobs of this system."""
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and _mark(process).startswith(f"{self.folder.resolve()}|"):
                    yield process

    def mails_of(self, run_id: str) -> list[str]:
        """Return what the mails about a run say it is."""
        words = ("is-released", "was-rejected", "was-cancelled", "was-failed")
        found = [path.name for path in (self.data / "mails").glob(f"*{run_id}-*.eml")]
        return sorted(next(word for word in words if word in name) for name in found)

    def check_invariants(self) -> None:
        """Fail unless every run of this test is whole or left nothing, no job of it is alive, and
        what is live answers."""
        for run_id in dict.fromkeys(self.runs):
            run = self.ended(run_id)
            assert not self.processes_of(run_id)
            assert not (self.folder / "workspaces" / run_id).exists()
            words = ["is-released" if run["status"] == "released" else f"was-{run['status']}"]
            assert self.mails_of(run_id) == words
            if run["status"] == "released":
                assert not run["compensations"]
        for name in ENVIRONMENTS:
            env = self.environment(name)
            assert env.get("holder") not in self.runs
            assert not set(env["waiting"]) & set(self.runs)
            if env.get("release"):
                assert self.answers(name) == {"release": env["release"], "environment": name}
        history = self.environment("production")["history"]
        for change in history:
            if change.get("run") in self.runs and change["why"] == "deployed":
                self._check_change(change, history)

    def _check_change(self, change: Json, history: list[Json]) -> None:
        """What a run put into production stays if it was released, else it was taken back."""
        released = self.run(change["run"])["status"] == "released"
        back = [c for c in history if c.get("run") == change["run"] and c["why"] == "restored"]
        assert released != bool(back), change

    def _approved(self, run_id: str) -> Json:
        run = self.run(run_id)
        if release := self.asked_about(run):
            self.approve(run_id, release)
        return run


def _mark(process: psutil.Process) -> str:
    """Return which job a process is of; nothing, if it is of none or has just ended."""
    with suppress(psutil.Error, OSError):
        return str(process.environ().get(processes.MARK, ""))
    return ""
