"""The request to the mirror: versions and architectures; and its cache folder."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
VERSION = re.compile(r"\d+\.\d+\.\d+")
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}


class MirrorError(Exception):
    """The mirror can't be built or served; the message has where, what, why and fix."""


@dataclass(frozen=True)
class Request:
    """The versions that a lab needs, without a leading v, and the architectures (Debian's names)."""

    kubernetes: str
    tailscale: str = "1.102.5"
    headscale: str = "0.29.3"
    containerd: str = "2.3.7"
    flannel: str = "0.28.10"
    cni_plugins: str = "1.9.1"
    architectures: tuple[str, ...] = ("amd64", "arm64")

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name != "architectures" and not VERSION.fullmatch(value):
                raise MirrorError(f"mirror: {name} {value!r} is no version; write it as X.Y.Z, without a leading v")
        unknown = sorted(set(self.architectures) - set(TRIPLETS))
        if unknown or not self.architectures:
            raise MirrorError(f"mirror: architectures {unknown or 'none'}; choose from {', '.join(TRIPLETS)}")


def machine_architecture() -> str:
    """Debian's name of this machine's architecture; MirrorError if the lab does not support it."""
    machine = platform.machine()
    if machine not in MACHINES:
        raise MirrorError(f"mirror: this machine is {machine}; the lab runs on {' or '.join(MACHINES)} only")
    return MACHINES[machine]


def default_cache() -> Path:
    """The cache folder: $ISTHMUS_CACHE, else /var/cache/isthmus."""
    return Path(os.environ.get("ISTHMUS_CACHE") or "/var/cache/isthmus")
