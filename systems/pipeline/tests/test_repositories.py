"""Which repositories and commits may be named, and how they are checked out."""

from pathlib import Path

import pytest
from dulwich.objects import Commit
from dulwich.repo import Repo

from base.errors import Refusal
from systems.pipeline.builder import sample
from systems.pipeline.builder.checkout import check_out
from systems.pipeline.builder.repositories import checked_address, checked_revision, source_of

GOOD = [
    "sample",
    "/srv/git/app.git",
    "file:///srv/git/app.git",
    "https://host.example/team/app.git",
    "https://host.example:8443/app",
    "ssh://host.example/app.git",  # whether it may be read so, the setting says
]
BAD = [
    "",
    "app",
    "./app",
    "../app",
    "/srv/../etc",
    "file:///srv/../etc",
    "file://host.example/app",
    "-c",
    "--upload-pack=x",
    "ext::sh -c x",
    "ext::x",
    "ssh://-oProxyCommand=x/y",
    "git@host.example:app.git",
    "https://ada@host.example/app",
    "https://ada:secret@host.example/app",
    "https:///app",
    "https://host.example/app?x=y",
    "https://host.example/app#x",
    "https://host.example/a b",
    "https://host.example/\n",
    "https://[host/app",
    "HTTPS ://host.example",
    "x" * 600,
]


@pytest.mark.parametrize("address", GOOD)
def test_a_path_or_a_url_is_an_address(address: str) -> None:
    assert checked_address(address) == address


@pytest.mark.parametrize("address", BAD, ids=repr)
def test_what_could_be_anything_else_is_none(address: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 pydantic tells it, whatever it says
        checked_address(address)


@pytest.mark.parametrize("revision", ["main", "v1.0", "feature/x_1", "a" * 40])
def test_a_commit_is_an_id_or_a_name(revision: str) -> None:
    assert checked_revision(revision) == revision


@pytest.mark.parametrize(
    "revision", ["", "-x", "--all", "a..b", "a b", "/a", "a/", "a//b", "a/.b", "x.lock", "a~1", "@"]
)
def test_what_git_would_read_as_more_than_a_name_is_none(revision: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        checked_revision(revision)


def test_only_schemes_that_are_set_are_read() -> None:
    assert source_of("/srv/app.git", {"file"}) == "/srv/app.git"
    assert source_of("file:///srv/app.git", {"file"}) == "/srv/app.git"
    url = "https://host.example/app.git"
    assert source_of(url, {"file", "https"}) == url
    for address, schemes in ((url, {"file"}), ("/srv/app.git", {"https"}), (url, set[str]())):
        with pytest.raises(Refusal) as no:
            source_of(address, schemes)
        assert no.value.reason == "scheme_not_allowed"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("git") / "sample.git"
    sample.make(path)
    return path


def test_the_sample_is_the_same_on_every_machine(repository: Path, tmp_path: Path) -> None:
    sample.make(tmp_path / "sample.git")
    with Repo(str(repository)) as one, Repo(str(tmp_path / "sample.git")) as other:
        assert one.get_refs() == other.get_refs()
        assert len(one.get_refs()) == len(sample.BRANCHES) + 1


def test_a_branch_is_checked_out_as_the_commit_that_it_is(repository: Path, tmp_path: Path) -> None:
    named = check_out(str(repository), "next", tmp_path)
    by_id = check_out(str(repository), named.commit, tmp_path)
    assert by_id == named
    files = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.py")}
    assert f"{named.commit}/hello/server.py" in files
    assert "nice to meet you" in (tmp_path / named.commit / "hello" / "greeting.py").read_text()
    assert [path.name for path in tmp_path.iterdir()] == [named.commit]


@pytest.mark.parametrize("revision", ["nothing", "0" * 40])
def test_an_unknown_commit_is_refused(repository: Path, tmp_path: Path, revision: str) -> None:
    with pytest.raises(Refusal) as no:
        check_out(str(repository), revision, tmp_path)
    assert no.value.reason == "unknown_commit"


def test_a_tree_is_no_commit(repository: Path, tmp_path: Path) -> None:
    with Repo(str(repository)) as repo:
        commit = repo[repo.head()]
        assert isinstance(commit, Commit)
        tree = commit.tree.decode()
    with pytest.raises(Refusal) as no:
        check_out(str(repository), tree, tmp_path)
    assert no.value.reason == "unknown_commit"


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as no:
        check_out(str(tmp_path), "main", tmp_path / "workspace")
    assert no.value.reason == "unreachable_repository"
