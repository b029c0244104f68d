"""The machine and the versions that a bench ran on."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import psutil

from runtime.build import MODULES
from runtime.dapr import Dapr


def describe(dapr: Dapr) -> str:
    """Return where and when a bench ran, in one line."""
    memory = psutil.virtual_memory().total / 2**30
    built = ", ".join(f"{module.name} {module.version}" for module in MODULES)
    origin = built if "built" in dapr.origin else dapr.origin
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {_processor()}, "
        f"{memory:.0f} GiB of memory, Linux {_kernel()}, "
        f"Python {platform.python_version()}, Dapr ({origin})."
    ).replace("Linux", platform.system())


def _kernel() -> str:
    return ".".join(platform.release().split(".")[:2])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
