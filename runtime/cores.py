"""How many of the machine's cores each of Dapr's programs may use at once.

A Go program takes all that there are, and spends time on finding work for each. A system has a
dozen of them side by side, so fewer are enough.
"""

import os

_SHARE = 4


def environment() -> dict[str, str]:
    """Return what tells a Go program: a quarter of the cores, at least one. A ``GOMAXPROCS`` of the
    user's own stands."""
    cores = max(1, (os.cpu_count() or 1) // _SHARE)
    return {"GOMAXPROCS": os.environ.get("GOMAXPROCS") or str(cores)}
