"""``saga``: start cases of whichever kind an orchestrator serves, and look after them."""

import secrets
from typing import Annotated, Any

import typer

from cli.client import DEFAULT_URL, Client
from cli.commands import (
    Json,
    Key,
    NoWait,
    Voice,
    add_cancel,
    add_list,
    add_resume,
    add_show,
    add_watch,
)
from cli.exits import OK, WRONG, stop
from cli.says import NotSaid, parsed, signal_of, word_of
from cli.show import print_json, show, show_kind

VOICE = Voice(noun="case", owner="owner", variable="SAGA_URL")

_CODES = (
    "Exit codes: 0 done (of start, show and watch: it went well). 1 not done and undone, or "
    "cancelled. 2 the request was wrong. 3 nobody answers, or not now: ask again. "
    "4 still running, or needs attention. "
    f"SAGA_URL, or --url after a command, says where the orchestrator is; {DEFAULT_URL} unless "
    "set. "
    "SAGA_KEY, or --key, says who you are, where people are asked."
)

app = typer.Typer(
    help="Start cases of whichever kind an orchestrator serves, and look after them.",
    epilog=_CODES,
    no_args_is_help=True,
    add_completion=False,
)

Url = Annotated[str, VOICE.url]


@app.command()
def start(
    case_id: Annotated[str, typer.Option("--id", help="The idempotency key.")] = "",
    file: Annotated[
        typer.FileText | None,
        typer.Option(encoding="utf-8", help="The request, JSON; - is standard input."),
    ] = None,
    no_wait: NoWait = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Start a case, and wait for its end. Without a file it is the example of its kind."""
    client = VOICE.client(url, key)
    request = _request(file) if file else _example(client)
    case_id = case_id or f"{client.kind.noun}-{secrets.token_hex(4)}"
    hint = f"With --id {case_id} it is the same {client.kind.noun}."
    case = client.begin(case_id, request, wait=not no_wait, hint=hint)
    show(case, as_json, VOICE.showing)
    raise typer.Exit(OK if no_wait else case.exit_code)


add_list(app, VOICE)
add_show(app, VOICE)
add_watch(app, VOICE)
add_cancel(app, VOICE)


@app.command()
def signal(
    case_id: Annotated[str, VOICE.argument],
    name: Annotated[str, typer.Argument(help="The signal's name; `saga kind` lists them.")],
    said: Annotated[
        list[str] | None, typer.Argument(metavar="key=value", help="What it says.")
    ] = None,
    attempt: Annotated[str, typer.Option(help="Which attempt it is about.")] = "",
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Say the word that a case waits for."""
    client = VOICE.client(url, key)
    try:
        word = word_of(signal_of(client.kind, name), said or [])
    except NotSaid as why:
        stop(WRONG, str(why))
    about = {"attempt": attempt} if attempt else {}
    show(client.tell(case_id, name, word | about), as_json, VOICE.showing)


add_resume(app, VOICE)


@app.command("kind")
def tell_kind(as_json: Json = False, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Show which kind of case the orchestrator serves."""
    client = VOICE.client(url, key)
    if as_json:
        print_json(client.described)
    else:
        show_kind(client.kind)


def _request(file: typer.FileText) -> Any:
    try:
        return parsed(file.read())
    except ValueError as bad:
        stop(WRONG, f"{file.name} is no JSON: {bad}.")


def _example(client: Client) -> Any:
    kind = client.kind
    if kind.example is None:
        stop(
            WRONG,
            f"There is no example of a {kind.noun}: give a request with --file request.json. "
            "`saga kind` says what to ask for, `saga kind --json` has the JSON schema.",
        )
    return kind.example


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
