"""The commands that every program has, each in the program's own words."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from cli.client import DEFAULT_URL, Client
from cli.exits import UNREACHABLE, stop
from cli.models import Kind
from cli.show import Showing, print_json, show, show_event, show_list

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the end.")]
Key = Annotated[
    str,
    typer.Option("--key", envvar="SAGA_KEY", show_default=False, help="An API key, or a token."),
]


@dataclass(frozen=True)
class Voice:
    """How a program speaks: of which ``noun``, whose one is (``owner``), and how it shows one.

    ``variable`` is the environment variable that says where the orchestrator is; a program that
    ``tells_url`` says in its help that --url does too. Without a ``kind`` the orchestrator is asked
    for it.
    """

    noun: str
    owner: str
    variable: str
    tells_url: bool = True
    kind: Kind | None = None
    showing: Showing = field(default_factory=Showing)

    def client(self, url: str, key: str = "") -> Client:
        """Return a client of the orchestrator that is there, for whose key it is."""
        return Client(url, self.kind, key)

    @property
    def argument(self) -> Any:
        """How an id is asked for."""
        return typer.Argument(metavar=f"{self.noun}_id", help=f"The {self.noun}'s id.")

    @property
    def url(self) -> Any:
        """How it is asked where the orchestrator is."""
        told = "Where the orchestrator is."
        return typer.Option("--url", envvar=self.variable, help=told, hidden=not self.tells_url)


def add_show(app: typer.Typer, voice: Voice) -> None:
    """Add the command that shows a case."""

    @app.command("show", help=f"Show a {voice.noun}.")
    def look(
        case_id: Annotated[str, voice.argument],
        as_json: Json = False,
        url: Annotated[str, voice.url] = DEFAULT_URL,
        key: Key = "",
    ) -> None:
        case = voice.client(url, key).look(case_id)
        show(case, as_json, voice.showing)
        raise typer.Exit(case.exit_code)


def add_watch(app: typer.Typer, voice: Voice) -> None:
    """Add the command that tells what happens to a case."""

    @app.command(help=f"Print what happens to a {voice.noun} as it happens, until its end.")
    def watch(
        case_id: Annotated[str, voice.argument],
        as_json: Json = False,
        url: Annotated[str, voice.url] = DEFAULT_URL,
        key: Key = "",
    ) -> None:
        client = voice.client(url, key)
        for event in client.events(case_id):
            show_event(event, as_json)
        raise typer.Exit(client.look(case_id).exit_code)


def add_cancel(app: typer.Typer, voice: Voice) -> None:
    """Add the command that cancels a case."""

    @app.command(help=f"Cancel a {voice.noun}, at whatever point it is.")
    def cancel(
        case_id: Annotated[str, voice.argument],
        as_json: Json = False,
        url: Annotated[str, voice.url] = DEFAULT_URL,
        key: Key = "",
    ) -> None:
        case = voice.client(url, key).cancel(case_id)
        show(case, as_json, voice.showing)
        if case.progress.status == case.kind.done:
            stop(UNREACHABLE, f"Nothing was cancelled: the {case.kind.noun} is {case.kind.done}.")


def add_resume(app: typer.Typer, voice: Voice) -> None:
    """Add the command that lets a case go on."""

    @app.command(help=f"Let a {voice.noun} that needs attention go on, once its cause is mended.")
    def resume(
        case_id: Annotated[str, voice.argument],
        as_json: Json = False,
        url: Annotated[str, voice.url] = DEFAULT_URL,
        key: Key = "",
    ) -> None:
        show(voice.client(url, key).resume(case_id), as_json, voice.showing)


def add_list(app: typer.Typer, voice: Voice) -> None:
    """Add the command that lists cases."""
    whose = typer.Option(f"--{voice.owner}", help=f"Only this {voice.owner}'s.")

    @app.command("list", help=f"List {voice.noun}s, newest first.")
    def list_cases(
        owner: Annotated[str, whose] = "",
        status: Annotated[str, typer.Option(help="Only with this status.")] = "",
        limit: Annotated[int, typer.Option(help="How many at the most.", min=1, max=100)] = 20,
        as_json: Json = False,
        url: Annotated[str, voice.url] = DEFAULT_URL,
        key: Key = "",
    ) -> None:
        client = voice.client(url, key)
        cases = client.newest(owner, status, limit)
        if as_json:
            print_json([case.body for case in cases])
        else:
            show_list(client.kind, cases, voice.showing)
