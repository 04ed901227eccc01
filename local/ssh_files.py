"""The files by which the operator's machine logs in to a host: keys, known hosts and settings of SSH."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cluster.problems import Problem
from local.paths import is_file, shown

# Without the file pyinfra goes on: it takes an absent list of known hosts, or absent settings, for empty ones.
KEYS = {
    "ssh_key": "the operator's machine logs in by it",
    "ssh_known_hosts_file": "without it every host key would be accepted as a new one",
    "ssh_config_file": "without it the host would be called without its bastion, its port or its key",
}
MOST_BYTES = 1 << 20


def problems(name: str, values: Mapping[str, Any]) -> Iterator[Problem]:
    """SSH files of a host that do not exist, and private keys that are none. Paths begin at the working directory, as pyinfra's do."""
    for key, why in KEYS.items():
        path = values.get(key)
        if not isinstance(path, str) or not path or "\0" in path:
            continue
        file = Path(path).expanduser() if path.startswith("~") else Path(path)
        if not is_file(file):
            yield Problem(
                f"{name}.{key}",
                f"{shown(path)} is not a file",
                why,
                f"put it there, correct the path, or leave {key} out",
            )
        elif wrong := _unreadable(file) or (_no_private_key(file) if key == "ssh_key" else ""):
            yield Problem(f"{name}.{key}", f"{shown(path)} {wrong}", why, f"name another file, or leave {key} out")


def _unreadable(file: Path) -> str:
    try:
        with file.open("rb"):
            return ""
    except OSError as error:
        return f"can't be read: {error.strerror}"


def _no_private_key(file: Path) -> str:
    with file.open("rb") as opened:
        text = opened.read(MOST_BYTES)
    if b"PRIVATE KEY-----" in text:
        return ""
    return "is a public key" if text.startswith((b"ssh-", b"ecdsa-", b"sk-")) else "holds no private key (PEM)"
