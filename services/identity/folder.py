"""What the provider keeps: whom it knows, and the key that it signs with. Only its owner can read
them."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from argon2 import PasswordHasher
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import ValidationError

from base.private import UnsafeFile, require_private, write_private
from services.identity.models import Client, Known, Person

DEMO = {
    "customer-123": "customer",
    "olga": "operator",
    "anna": "approver",
    "otto": "auditor",
}
"""The people of a demo, one a role."""

_KNOWN, _KEY, _PASSWORDS = "known.json", "signing.pem", "passwords.txt"


def known(folder: Path) -> Known:
    """Return whom the provider knows. Raises UnsafeFile."""
    try:
        return Known.model_validate_json(_read(folder / _KNOWN))
    except ValidationError as bad:
        raise UnsafeFile(f"{folder / _KNOWN} cannot be read: {bad}") from bad


def signing_key(folder: Path) -> ECKey:
    """Return the key that tokens are signed with, made if there is none. Raises UnsafeFile."""
    path = folder / _KEY
    if not path.exists():
        made = ECKey.generate_key("P-256")
        write_private(path, made.as_pem(private=True).decode())
    try:
        key = ECKey.import_key(_read(path))
    except (JoseError, ValueError) as bad:
        raise UnsafeFile(f"{path} keeps no key: {bad}") from bad
    key.ensure_kid()
    return key


def set_up_demo(folder: Path, client: str, redirects: Sequence[str], audience: str) -> Path:
    """Make a demo's people, each with a password of their own, unless there are some; have the
    client led back to these ``redirects``. Return the file that has the passwords."""
    path, passwords = folder / _KNOWN, folder / _PASSWORDS
    people = known(folder).people if path.exists() else []
    if not people:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        chosen = {name: secrets.token_urlsafe(9) for name in DEMO}
        people = [person(name, [role], chosen[name]) for name, role in DEMO.items()]
        lines = [f"{name}\t{chosen[name]}\t{role}\n" for name, role in DEMO.items()]
        write_private(passwords, "".join(lines))
    clients = [Client(id=client, redirects=list(redirects), audience=audience)]
    write_private(path, Known(people=people, clients=clients).model_dump_json(indent=2))
    return passwords


def add(folder: Path, one: Person) -> None:
    """Add somebody, or take the place of who had the name. Raises UnsafeFile."""
    all_ = known(folder)
    all_.people = [each for each in all_.people if each.name != one.name] + [one]
    write_private(folder / _KNOWN, all_.model_dump_json(indent=2))


def person(name: str, roles: list[str], password: str) -> Person:
    """Return somebody with this password, of which only the hash is kept."""
    return Person(name=name, roles=roles, password=PasswordHasher().hash(password))


def _read(path: Path) -> str:
    try:
        with path.open() as file:
            require_private(path, path.stat())
            return file.read()
    except OSError as fault:
        raise UnsafeFile(f"{path} cannot be read: {fault}") from fault
