"""A running system, as a bench meets it: where trips are booked, and where they are looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """``home`` has its data and processes; ``orchestrator`` and ``services`` (by app-id) are URLs.

    ``shown`` are the headers that each app wants to see, by app-id.
    """

    home: Path
    orchestrator: str
    services: Mapping[str, str]
    shown: Mapping[str, Headers] = field(default_factory=dict)

    @property
    def mails(self) -> Path:
        return self.home / "data" / "mails"

    def headers(self, app_id: str) -> Headers:
        """Return what an app wants to see."""
        return self.shown.get(app_id, {})
