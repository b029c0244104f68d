"""Checking a commit out of a git repository, without a git program: no hook and no helper runs."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dulwich import porcelain
from dulwich.config import ConfigFile
from dulwich.errors import NotGitRepository
from dulwich.index import build_index_from_tree
from dulwich.objects import Commit, ObjectID, Tag
from dulwich.refs import Ref
from dulwich.repo import Repo
from pydantic import BaseModel

from base.errors import Refusal
from systems.pipeline.builder.repositories import FULL_ID

_NO_PRINT = re.compile(r"[^\x20-\x7e\u00a1-\uffff]+")


class Source(BaseModel, extra="allow"):
    """A commit: its id, who wrote it, the first line that it says, and when (Unix seconds)."""

    commit: str
    author: str
    subject: str
    committed_at: int


def check_out(source: str, revision: str, workspace: Path) -> Source:
    """Put the files of a commit into ``workspace/{commit}``; ``source`` is a path or a URL.

    Refuses ``unreachable_repository`` and ``unknown_commit``.
    """
    with _opened(source) as repo:
        commit = _commit(repo, revision)
        found = Source(
            commit=commit.id.decode(),
            author=_line(commit.author),
            subject=_line(commit.message.partition(b"\n")[0]),
            committed_at=commit.commit_time,
        )
        workspace.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=workspace, prefix=".") as aside:
            tree = Path(aside) / "tree"
            tree.mkdir()
            index = Path(aside) / "index"
            build_index_from_tree(str(tree), str(index), repo.object_store, commit.tree)
            there = workspace / found.commit
            if not there.exists():
                tree.rename(there)
    return found


@contextmanager
def _opened(source: str) -> Iterator[Repo]:
    """Open a local repository, or a copy of another one."""
    if source.startswith("/"):
        try:
            with Repo(source) as repo:
                yield repo
        except NotGitRepository as fault:
            raise Refusal("unreachable_repository", f"{source} is no git repository.") from fault
        return
    aside = tempfile.mkdtemp()
    try:
        with _cloned(source, aside) as repo:
            yield repo
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _cloned(url: str, target: str) -> Repo:
    try:
        with Path(os.devnull).open("wb") as nowhere:
            return porcelain.clone(url, target, bare=True, errstream=nowhere, config=ConfigFile())
    except Exception as fault:  # of whatever library reads that scheme
        detail = f"{url} cannot be read: {type(fault).__name__}"
        raise Refusal("unreachable_repository", detail) from fault


def _commit(repo: Repo, revision: str) -> Commit:
    try:
        found = repo[_id(repo, revision)]
        while isinstance(found, Tag):
            found = repo[found.object[1]]
    except (KeyError, ValueError) as fault:
        raise Refusal("unknown_commit", f"There is no {revision} in the repository.") from fault
    if not isinstance(found, Commit):
        raise Refusal("unknown_commit", f"{revision} is no commit.")
    return found


def _id(repo: Repo, revision: str) -> ObjectID:
    if FULL_ID.fullmatch(revision):
        return ObjectID(revision.encode())
    for place in (b"refs/heads/", b"refs/tags/", b"refs/remotes/origin/"):
        if (name := Ref(place + revision.encode())) in repo.refs:
            return repo.refs[name]
    raise KeyError(revision)


def _line(text: bytes) -> str:
    return _NO_PRINT.sub(" ", text.decode(errors="replace"))[:200]
