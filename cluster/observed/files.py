"""What stat, sha256sum and base64 print of files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class FileState:
    """A regular file; `mode` in octal digits as stat prints it, `changed` in seconds of the host's clock (ctime)."""

    sha256: str
    mode: str
    owner: str
    group: str
    changed: int

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_states(lines: Sequence[str]) -> dict[str, FileState | None]:
    """Path → file, None if it is no regular file: `absent PATH`, or `state MODE OWNER GROUP CHANGED PATH` and later `HASH  PATH`."""
    found: dict[str, FileState | None] = {}
    states: dict[str, list[str]] = {}
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "absent":
            found[rest] = None
        elif kind == "state":
            *fields, path = rest.split(" ", 4)
            states[path] = fields
        else:
            path = rest[1:]
            mode, owner, group, changed = states[path]
            found[path] = FileState(kind, mode, owner, group, int(changed))
    return found


def parse_whole(lines: Sequence[str]) -> str:
    """The text between `begins` and `ends`, sent in base64; empty for an absent file. ValueError if the end is missing.

    A byte that is no UTF-8 becomes a lone surrogate (PEP 383), so that `cluster.file_text.as_bytes` gives the file as it was.
    """
    if not lines or lines[0] != "begins" or lines[-1] != "ends":
        raise ValueError("the file was cut off")
    try:
        return base64.b64decode("".join(lines[1:-1]), validate=True).decode("utf-8", "surrogateescape")
    except binascii.Error as error:
        raise ValueError(f"the file was cut off: {error}") from None
