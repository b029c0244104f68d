"""A sanctions list in the published format of SDN.CSV, with the aliases of ALT.CSV beside it.

SDN.CSV has 12 columns and no header: number, name (``LAST, First``), type, program, title, call
sign, vessel type, tonnage, gross tonnage, flag, owner, remarks; ``-0-`` is nothing. ALT.CSV has
number of the entry, of the alias, type, name, remarks. A file ends with a line that is Ctrl+Z.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_COLUMNS = 12
_NOTHING = "-0-"
_NOT_PEOPLE = ("vessel", "aircraft")


@dataclass(frozen=True)
class Listed:
    """A name on the list: the number of its entry, whether it is an alias, and the program under
    which it is listed."""

    number: str
    name: str
    program: str
    alias: bool = False


@dataclass(frozen=True)
class SanctionsList:
    """All names of a list; ``version`` is the beginning of the hash of its files."""

    names: tuple[Listed, ...]
    version: str


def read(path: Path) -> SanctionsList:
    """Return the people and firms of the list in ``path``, and their aliases if there is an
    ``alt.csv`` beside it. Raises ValueError for a file that has not the format."""
    alt = path.with_name("alt.csv")
    files = [path, *([alt] if alt.is_file() else [])]
    entries = {row[0]: row for row in _rows(path, _COLUMNS) if row[2].lower() not in _NOT_PEOPLE}
    if not entries:
        raise ValueError(f"{path} has no entries.")
    names = [Listed(number, row[1], row[3]) for number, row in entries.items()]
    if alt.is_file():
        names += [
            Listed(row[0], row[3], entries[row[0]][3], alias=True)
            for row in _rows(alt, 4)
            if row[0] in entries
        ]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return SanctionsList(tuple(names), digest[:12])


def _rows(path: Path, columns: int) -> Iterator[list[str]]:
    """Yield the rows of a file, ``-0-`` as an empty text."""
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.reader(file):
            if not row or row[0].strip() in ("", "\x1a"):
                continue
            if len(row) < columns:
                raise ValueError(f"{path} has not the columns of its format: {row}")
            yield ["" if cell.strip() == _NOTHING else cell.strip() for cell in row]
