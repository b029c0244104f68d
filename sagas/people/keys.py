"""API keys, of which a file keeps the hashes.

A key is 256 random bits: nobody can guess one, with however fast a hash. So its hash is a plain
SHA-256, which costs a request a microsecond; a slow one is for what people make up themselves, and
would let anybody who sends false keys keep a core busy.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from pydantic import BaseModel, ValidationError

from base.private import UnsafeFile, require_private, write_private
from sagas.people.identity import Identity, Name, Role

_TEXT = re.compile(r"saga_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


class Key(BaseModel):
    """What is kept of a key: whose it is, what they are here, and the hash of its secret part."""

    id: str
    name: Name
    roles: list[Role]
    sha256: str
    made_at: datetime
    until: datetime | None = None
    revoked_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.until is None or now < self.until)


class _Kept(BaseModel, extra="forbid"):
    keys: list[Key] = []


class Keys:
    """The keys of one file. What is changed in it counts from the next request on.

    Methods raise UnsafeFile when it is missing, broken, or readable by others than its owner.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] = ()
        self._by_id: dict[str, Key] = {}

    def identity(self, text: str) -> Identity | None:
        """Return whose key this is; None if it is no key, or no longer one."""
        parts = _TEXT.fullmatch(text)
        key = self.good(parts[1]) if parts else None
        if parts is None or key is None or not compare_digest(_digest(parts[2]), key.sha256):
            return None
        return Identity(key.name, frozenset(key.roles), "key", key=key.id, until=key.until)

    def good(self, key_id: str) -> Key | None:
        """Return the key of this id, if it still is one."""
        key = self._read().get(key_id)
        return key if key and key.is_good(datetime.now(UTC)) else None

    def all(self) -> list[Key]:
        """Return every key, also those that are none any more, oldest first."""
        return list(self._read().values())

    def make(self, name: str, roles: Sequence[Role], until: datetime | None = None) -> str:
        """Make a key and return it: it is told this once, for only its hash is kept. The file is
        made, 0600, if there is none. Raises ValueError for a name that cannot be."""
        secret, key_id = secrets.token_urlsafe(32), secrets.token_hex(6)
        now = datetime.now(UTC)
        key = Key(
            id=key_id,
            name=name,
            roles=list(dict.fromkeys(roles)),
            sha256=_digest(secret),
            made_at=now,
            until=until,
        )
        with self._alone():
            known = self._read() if self._path.exists() else {}
            self._write([*known.values(), key])
        return f"saga_{key_id}_{secret}"

    def revoke(self, which: str) -> list[Key]:
        """Revoke the key of this id, or all of this name; return those that were."""
        now = datetime.now(UTC)
        with self._alone():
            keys = list(self._read().values())
            gone = [key for key in keys if which in (key.id, key.name) and not key.revoked_at]
            for key in gone:
                key.revoked_at = now
            self._write(keys)
        return gone

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others who would change the file out for so long."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{self._path}.lock", os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _read(self) -> dict[str, Key]:
        try:
            with self._path.open("rb") as file:
                seen = os.fstat(file.fileno())
                require_private(self._path, seen)
                mark = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
                if mark != self._seen:
                    kept = _Kept.model_validate_json(file.read())
                    self._by_id = {key.id: key for key in kept.keys}
                    self._seen = mark
        except (OSError, ValidationError) as fault:
            raise UnsafeFile(f"The keys in {self._path} cannot be read: {fault}") from fault
        return self._by_id

    def _write(self, keys: list[Key]) -> None:
        write_private(self._path, _Kept(keys=keys).model_dump_json(indent=2, exclude_none=True))


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
