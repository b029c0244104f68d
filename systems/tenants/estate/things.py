"""What a service has to know of its resources in the real world."""

from pathlib import Path
from typing import Literal, Protocol

from pydantic import Field

from base.errors import Refusal
from base.wire import Wire
from systems.tenants.estate.kept import Kept

State = Literal["present", "suspended", "absent", "foreign", "broken"]


class Found(Wire):
    """What really exists: ``foreign`` belongs to another tenant or to nobody, ``broken`` lacks a
    part; ``problems`` say what is wrong, in words."""

    state: State
    problems: list[str] = Field(default_factory=list)


class Owned(Wire):
    """Something that really exists: what it is, its name, and the id of the resource whose mark it
    bears; an empty one, if it bears none."""

    kind: Literal["schema", "role", "bucket", "user", "realm", "account"]
    name: str
    owner: str = Field(default="", examples=["acme:schema"])


class Things(Protocol):
    """The resources of one service. Methods raise Unavailable for what may pass by itself.

    ``settle`` makes what lacks, suspended or not; ``remove`` makes that nothing of it is there.
    What belongs to another is never touched: ``settle`` refuses ``belongs_to_another``, and
    ``remove`` leaves it. ``holds_data`` says whether there is something of the tenant's own in it.
    ``furnish`` completes what was made; ``smoke`` tries it with the tenant's own credentials, and
    refuses ``not_usable`` and ``not_isolated``. ``export`` writes all that is in it.
    """

    async def settle(self, kept: Kept) -> None: ...
    async def remove(self, kept: Kept) -> None: ...
    async def holds_data(self, kept: Kept) -> bool: ...
    async def furnish(self, kept: Kept) -> None: ...
    async def smoke(self, kept: Kept) -> None: ...
    async def export(self, kept: Kept, folder: Path) -> None: ...
    async def look(self, kept: Kept) -> Found: ...
    async def owned(self) -> list[Owned]: ...
    def facts(self, kept: Kept) -> dict[str, str]: ...


def belongs_to_another(what: str, mark: str | None) -> Refusal:
    """Return the refusal of something that is there and bears another mark, or none."""
    whose = "to another tenant" if mark else "to nobody known"
    return Refusal("belongs_to_another", f"{what} exists and belongs {whose}.")
