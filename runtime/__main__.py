"""``python -m runtime setup | run | up | …``: the Makefile's targets.

``SYSTEM`` in the environment says which system, and ``PROFILE``, ``REPLICAS`` and ``SECURE`` how it
is to run; ``NOUN``, what one case of a new system is.
"""

import argparse
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from runtime import identity, interrupts, logs, sample, seed, showing, systems, timeline, zipkin
from runtime.errors import SetupError
from runtime.manifests import Manifests
from runtime.system import TOKEN_HEADER, System, wait_until
from runtime.systems import TRIPS
from runtime.template import MOST_REPLICAS, Changes

PROJECT = Path(__file__).resolve().parent.parent
_LOOK_SECONDS = 1.0

console = Console(highlight=False, soft_wrap=True)


def setup(system: System) -> None:
    """Find or build Dapr, and say which."""
    dapr = system.set_up()
    console.print(f"Dapr: {dapr.cli}, {dapr.origin}")


def up(system: System) -> None:
    """Start in the background and return when ready."""
    if system.is_running() and not system.runs_as_wished():
        raise SetupError(f"The system is running, with other settings; {_down(system)} stops it.")
    if system.is_running() and system.is_ready():
        console.print("The system is running already.")
    else:
        _start(system)
    _where(system)
    console.print(f"It runs in the background; {_down(system)} stops it.")


def down(system: System) -> None:
    """Stop everything, also what a crash left."""
    if system.stop():
        console.print("Stopped; nothing is left running.")
    else:
        console.print("Nothing was running.")


def run(system: System) -> None:
    """Start, send the sample, stay until Ctrl+C, stop."""
    if system.is_running():
        raise SetupError(f"The system is running already; {_down(system)} stops it.")
    try:
        _start(system)
        app_id = system.template.orchestrator
        if system.changes.people and not os.environ.get("SAGA_KEY"):
            console.print("No sample is sent: SAGA_KEY names no key to send it with.")
        else:
            _send_sample(system, app_id)
        console.print()
        _where(system)
        console.print("Ctrl+C stops everything.")
        with suppress(KeyboardInterrupt):
            _watch(system)
    finally:
        with suppress(OSError):  # a terminal that was closed takes no word
            console.print("\nStopping …")
        system.stop()
        console.print("Stopped; nothing is left running.")


def serve(system: System) -> None:
    """Stay until Ctrl+C, and start again whatever dies."""
    system.supervised = True
    run(system)


def traced(system: System) -> None:
    """Start Zipkin, and the system in the background with tracing to it."""
    setup(system)
    system.stop()
    try:
        if not zipkin.answers():
            console.print("Starting Zipkin …")
            zipkin.start(system.home)
            wait_until(zipkin.answers, 120, "Zipkin did not start")
        system.changes = replace(system.changes, zipkin=zipkin.url())
        system.start()
    except BaseException:
        system.stop()
        raise
    _where(system)
    console.print(f"It runs in the background; {_down(system)} stops it, and Zipkin.")


def manifests(system: System) -> None:
    """Write the system's Kubernetes manifests, and say which secrets they expect."""
    made = Manifests(system.project, system.known)
    made.write()
    console.print(f"Written to {made.folder}. They expect these secrets:")
    for secret in made.secrets:
        literals = " ".join(f"--from-literal={key}=…" for key in secret.keys)
        console.print(f"  kubectl create secret generic {secret.name} {literals}")


def new(name: str, noun: str) -> None:
    """Write a system of one's own, and say what to do with it."""
    if not name:
        raise SetupError("Say how it is to be called: make new SYSTEM=claims")
    folder = seed.plant(PROJECT, name, noun).relative_to(PROJECT)
    console.print(f"{folder} is a system that works: its saga is in orchestrator.py.")
    hints = {
        f"make run SYSTEM={name}": "starts it and settles its sample",
        f"make test SYSTEM={name}": "runs its tests",
        "docs/your-own.md": "says what is where, and how to go on",
    }
    width = max(map(len, hints))
    for what, does in hints.items():
        console.print(f"  {what:{width}}  {does}")


def main() -> int:
    """Run one command; return 0, 1 after an error, 130 after Ctrl+C before it was done."""
    commands = {
        "setup": setup,
        "run": run,
        "up": up,
        "serve": serve,
        "zipkin": traced,
        "down": down,
        "manifests": manifests,
    }
    parser = argparse.ArgumentParser(prog="python -m runtime", description=__doc__)
    parser.add_argument("command", choices=[*commands, "new"])
    interrupts.heed()
    try:
        asked = parser.parse_args().command
        if asked == "new":
            new(os.environ.get("SYSTEM", ""), os.environ.get("NOUN", ""))
            return 0
        name = os.environ.get("SYSTEM") or TRIPS
        command = commands[asked]
        home = systems.find(PROJECT, name).folder
        command(System(PROJECT, home, _changes(), say=console.print, name=name))
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _changes() -> Changes:
    """Return what the environment asks for: ``PROFILE``, ``REPLICAS``, ``SECURE=1``, people with
    ``IDENTITY=1``, and tracing if there is a Zipkin, for without one sidecars would log errors."""
    replicas = os.environ.get("REPLICAS", "1")
    if not (replicas.isdecimal() and 1 <= int(replicas) <= MOST_REPLICAS):
        raise SetupError(f"REPLICAS is a number from 1 to {MOST_REPLICAS}, not {replicas!r}.")
    secure = os.environ.get("SECURE", "0") or "0"
    if secure not in ("0", "1"):
        raise SetupError(f"SECURE is 1, or 0, not {secure!r}.")
    return Changes(
        zipkin=_tracing(),
        profile=os.environ.get("PROFILE", ""),
        replicas=int(replicas),
        people=os.environ.get("IDENTITY", "") == "1",
        secure=secure == "1",
    )


def _tracing() -> str | None:
    return zipkin.url() if zipkin.answers() else None


def _start(system: System) -> None:
    setup(system)
    if system.stop():
        console.print("Cleared away what an earlier run had left.")
        system.changes = replace(system.changes, zipkin=_tracing())  # it may have been ours
    began = time.monotonic()
    system.start()
    console.print(f"Ready after {time.monotonic() - began:.1f} s.")


def _send_sample(system: System, app_id: str) -> None:
    """Send the sample and show what it came to. Raises SetupError when it is not done."""
    shown = showing.read(system.known.showing)
    url, headers = system.sidecar_url(app_id), system.sidecar_headers(app_id)
    try:
        sent = sample.send(url, app_id, system.known.sample, showing.Speaker(shown), headers)
    except sample.NotDone as why:
        if why.case:
            timeline.show(why.case, console)
        raise
    timeline.show(sent, console)
    showing.show(shown, url, sent, console, headers)
    if module := system.known.own_showing:
        token = [str(system.vault.api_token_file(app_id))] if system.vault else []
        command = [sys.executable, "-m", module, system.app_url(app_id), url, sent.id, *token]
        subprocess.run(command, cwd=system.project, check=False)


def _down(system: System) -> str:
    return "`make down`" if system.name == TRIPS else f"`make down SYSTEM={system.name}`"


def _where(system: System) -> None:
    app_id, mails = system.template.orchestrator, system.home / "data" / "mails"
    url = system.app_url(app_id)
    console.print(f"  console {url}/")
    console.print(f"  API     {url}/docs")
    console.print(f"  sidecar {system.sidecar_url(app_id)}/v1.0/invoke/…")
    console.print(f"  logs    {logs.folder(system.home)}")
    if mails.is_dir():
        console.print(f"  mails   {mails}")
    console.print(f"  data    {system.data}")
    if system.vault:
        console.print(f"  tokens  {system.vault.folder}/app/… and api/…, shown in {TOKEN_HEADER}")
    if system.changes.people:
        console.print(f"  people  {identity.passwords(system.home)}")
    if system.changes.zipkin:
        console.print(f"  traces  {system.changes.zipkin}/zipkin/")


def _watch(system: System) -> None:
    """Stay, and say once of each app or sidecar that it died."""
    known: set[str] = set()
    while True:
        dead = set(system.dead())
        for name in sorted(dead - known):
            then = "it is started again" if system.supervised else "nothing starts it again"
            console.print(f"[red]{name} died[/], {then}; logs are in {logs.folder(system.home)}")
        known = dead
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
