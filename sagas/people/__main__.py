"""``python -m sagas.people``: make, list and revoke API keys."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from base.private import UnsafeFile
from sagas.people.identity import ROLES
from sagas.people.keys import Key, Keys

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)

File = Annotated[Path, typer.Option("--file", envvar="PEOPLE", help="Where the hashes are kept.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Whose it is: an owner's id, or an app-id.")],
    role: Annotated[list[str], typer.Option(help=f"{', '.join(ROLES)}; more than one is fine.")],
    file: File,
    days: Annotated[int, typer.Option(help="For how long; for ever without.", min=0)] = 0,
) -> None:
    """Make a key and print it. It is told this once: only its hash is kept."""
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    if unknown := set(role) - set(ROLES):
        _stop(f"There is no role {unknown.pop()}, but {', '.join(ROLES)}.")
    try:
        print(Keys(file).make(name, [r for r in ROLES if r in role], until))
    except (ValueError, UnsafeFile) as why:
        _stop(why)


@app.command("list")
def list_keys(file: File) -> None:
    """List the keys: id, state, whose, roles."""
    try:
        for key in Keys(file).all():
            print(f"{key.id}  {_state(key):9}{key.name}  {' '.join(key.roles)}")
    except UnsafeFile as why:
        _stop(why)


@app.command()
def revoke(
    which: Annotated[str, typer.Argument(help="The id of a key, or a name: then all of its keys.")],
    file: File,
) -> None:
    """Revoke keys, from the next request on."""
    try:
        gone = Keys(file).revoke(which)
    except UnsafeFile as why:
        _stop(why)
    if not gone:
        _stop(f"There is no key of {which}.")
    for key in gone:
        print(f"{key.id}  revoked  {key.name}")


def _state(key: Key) -> str:
    if key.revoked_at:
        return "revoked"
    return "good" if key.is_good(datetime.now(UTC)) else "expired"


def _stop(why: object) -> NoReturn:
    typer.echo(str(why), err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m sagas.people")
