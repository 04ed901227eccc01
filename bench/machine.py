"""The machine that the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.world.state import PROJECT


def describe() -> dict[str, Any]:
    """This machine and its load now, and the commit of the project."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "processor": _field("/proc/cpuinfo", "model name"),
        "processors": os.cpu_count(),
        "memory_gb": round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": _commit(),
        "load": load(),
    }


def load() -> list[float]:
    """The load averages of 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def _field(file: str, name: str) -> str:
    lines = (line.partition(":") for line in Path(file).read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "unknown")


def _commit() -> str:
    words = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty", "--abbrev=8"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
