"""The terms that a run is taken on."""

from datetime import timedelta

from pydantic import BaseModel


class RunTerms(BaseModel, extra="allow"):
    """How long a run waits, in seconds: for an ``approval``, for an environment that others hold
    (``queue``), for a ``job``, while a release proves itself (``bake``), and before it asks for a
    word that may have got lost (``look``; in a queue, which may take days, ``queue_look``)."""

    approval_seconds: float = 86_400.0
    queue_seconds: float = 172_800.0
    job_seconds: float = 3_600.0
    bake_seconds: float = 10.0
    look_seconds: float = 15.0
    queue_look_seconds: float = 300.0

    def wait(self, name: str) -> timedelta:
        """Return how long a wait of this name lasts."""
        return timedelta(seconds=getattr(self, f"{name}_seconds"))
