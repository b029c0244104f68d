"""``python -m services.identity``: set up the identity provider's demo, and add people to it."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from base.private import UnsafeFile
from services.identity import folder as kept

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)

Folder = Annotated[Path, typer.Option(envvar="IDENTITY_FOLDER", help="Where it keeps things.")]


@app.command()
def demo(
    folder: Folder,
    redirect: Annotated[list[str], typer.Option(help="Where the console is led back to.")],
    audience: Annotated[str, typer.Option(help="The app-id of the orchestrator.")],
    client: Annotated[str, typer.Option(help="As what the console is known.")] = "console",
) -> None:
    """Make demo people, one a role, each with a password of their own, and say where these are."""
    try:
        print(kept.set_up_demo(folder, client, redirect, audience))
    except UnsafeFile as why:
        _stop(why)


@app.command()
def add(
    name: str,
    folder: Folder,
    role: Annotated[list[str], typer.Option(help="What they are; more than one is fine.")],
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for.")
    ],
) -> None:
    """Add somebody, or change them. The provider knows of it when it is started again."""
    try:
        kept.add(folder, kept.person(name, role, password))
    except (UnsafeFile, ValueError) as why:
        _stop(why)


def _stop(why: object) -> NoReturn:
    typer.echo(str(why), err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m services.identity")
