"""Which repositories may be read, and which commits of them: rules that look at nothing.

An address is a path or a URL. It is never given to a program as a word of its command line; but
what looks like an option, another transport or a password is refused all the same.
"""

import re
from collections.abc import Collection
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from base.errors import Refusal

SAMPLE = "sample"
FULL_ID = re.compile(r"[0-9a-f]{40}")

# As git check-ref-format has it, without what a shell or a path would make something of.
_NAME = re.compile(r"(?!.*(\.\.|//|/\.|\.lock$|\.$))[A-Za-z0-9_][A-Za-z0-9._/-]{0,127}(?<!/)")
_PRINTED = re.compile(r"[\x21-\x7e]{1,512}")


def checked_address(address: str) -> str:
    """Return an address as it is. Raises ValueError for one that no setting allows."""
    if address == SAMPLE:
        return address
    if not _PRINTED.fullmatch(address) or address.startswith("-"):
        raise ValueError("a repository is a path or a URL, without spaces or options")
    if address.startswith("/"):
        if ".." in PurePosixPath(address).parts:
            raise ValueError("a path is absolute and has no ..")
        return address
    parts = urlsplit(address)
    if "::" in address or not re.fullmatch(r"[a-z][a-z0-9+.-]*", parts.scheme):
        raise ValueError("a repository is an absolute path or a URL with a scheme")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("a URL has no user, no password, no query and no fragment")
    if parts.scheme == "file" and (parts.netloc or ".." in PurePosixPath(parts.path).parts):
        raise ValueError("a file URL has an absolute path, no host and no ..")
    if parts.scheme != "file" and not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", parts.netloc):
        raise ValueError("a URL names its host")
    return address


def checked_revision(revision: str) -> str:
    """Return a commit's full id or the name of a branch or tag. Raises ValueError for others."""
    if not _NAME.fullmatch(revision):
        raise ValueError("a commit is its full id, or the name of a branch or tag")
    return revision


def source_of(address: str, schemes: Collection[str]) -> str:
    """Return the path or the URL to read from. Refuses ``scheme_not_allowed``."""
    scheme = "file" if address.startswith("/") else urlsplit(address).scheme
    if scheme not in schemes:
        there = ", ".join(sorted(schemes)) or "none"
        detail = f"Repositories are not read by {scheme or 'that'}; allowed: {there}."
        raise Refusal("scheme_not_allowed", detail)
    return urlsplit(address).path if scheme == "file" else address
