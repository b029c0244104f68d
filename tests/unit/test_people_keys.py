"""API keys: made, known, revoked; and the file that keeps their hashes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from base.private import UnsafeFile
from sagas.people.__main__ import app
from sagas.people.keys import Keys
from sagas.people.sessions import secret_in


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.json"


def test_a_key_says_whose_it_is_and_only_its_hash_is_kept(file: Path) -> None:
    key = Keys(file).make("alice", ["customer", "approver"])
    known = Keys(file).identity(key)
    assert known is not None
    assert known.name == "alice"
    assert known.roles == frozenset({"customer", "approver"})
    assert key.rpartition("_")[2] not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_no_key_is_nobodys(file: Path) -> None:
    keys = Keys(file)
    key, other = keys.make("alice", ["customer"]), keys.make("bob", ["operator"])
    swapped = other[:18] + key[18:]
    for text in ("", "saga_", key[:-1], key + "A", key.upper(), swapped, "saga_%s" % ("0" * 56)):
        assert keys.identity(text) is None, text


def test_a_key_ends_when_it_is_revoked_or_its_time_is_over(file: Path) -> None:
    keys = Keys(file)
    short = keys.make("alice", ["customer"], datetime.now(UTC) - timedelta(seconds=1))
    first, second = keys.make("bob", ["operator"]), keys.make("bob", ["operator"])
    assert keys.identity(short) is None
    assert [key.id for key in Keys(file).revoke(first[5:17])] == [first[5:17]]
    assert keys.identity(first) is None
    assert keys.identity(second) is not None
    Keys(file).revoke("bob")
    assert keys.identity(second) is None


def test_a_file_that_others_can_read_is_not_used(file: Path) -> None:
    keys = Keys(file)
    key = keys.make("alice", ["customer"])
    file.chmod(0o640)
    with pytest.raises(UnsafeFile, match="chmod 600"):
        keys.identity(key)


@pytest.mark.parametrize("content", [None, "{", '{"keys": [{"id": "x"}]}', '{"kees": []}'])
def test_a_file_that_is_missing_or_broken_lets_nobody_in(file: Path, content: str | None) -> None:
    if content is not None:
        file.write_text(content)
        file.chmod(0o600)
    with pytest.raises(UnsafeFile, match="cannot be read"):
        Keys(file).all()


def test_the_command_makes_lists_and_revokes(file: Path) -> None:
    run, at = CliRunner(), ["--file", str(file)]
    made = run.invoke(app, ["add", "alice", "--role", "customer", "--role", "auditor", *at])
    assert made.exit_code == 0, made.output
    known = Keys(file).identity(made.stdout.strip())
    assert known is not None
    assert run.invoke(app, ["list", *at]).stdout.split()[1:] == [
        "good",
        "alice",
        "customer",
        "auditor",
    ]
    assert run.invoke(app, ["revoke", "alice", *at]).exit_code == 0
    assert run.invoke(app, ["list", *at]).stdout.split()[1] == "revoked"
    assert run.invoke(app, ["revoke", "carol", *at]).exit_code == 1
    assert run.invoke(app, ["add", "x\n", "--role", "customer", *at]).exit_code == 1
    assert run.invoke(app, ["add", "x", "--role", "king", *at]).exit_code == 1


def test_the_secret_of_sessions_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "session.key"
    secret = secret_in(path)
    assert (len(secret), secret_in(path)) == (32, secret)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["session.key"]
    path.chmod(0o644)
    with pytest.raises(UnsafeFile):
        secret_in(path)
