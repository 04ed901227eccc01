"""What gpg prints of keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Keyring:
    """The primary keys of a keyring file: fingerprint → expiry in seconds since 1970, or None if it has none."""

    keys: dict[str, int | None]

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_colons(lines: Sequence[str]) -> dict[str, int | None]:
    """Fingerprint → expiry of each primary key in `gpg --with-colons` output (GnuPG doc/DETAILS: fields 7 and 10)."""
    keys: dict[str, int | None] = {}
    expiry: int | None = None
    primary = False
    for fields in (line.split(":") for line in lines):
        if fields[0] in ("pub", "sub"):
            primary = fields[0] == "pub"
            expiry = int(fields[6]) if fields[6] else None
        elif fields[0] == "fpr" and primary:
            keys[fields[9]] = expiry
            primary = False
    return keys


def parse_keyrings(lines: Sequence[str]) -> dict[str, int]:
    """Keyring file → when its last key expires, in seconds since 1970: `file PATH`, then gpg's colons; files without an expiry are left out."""
    found: dict[str, int] = {}
    name = ""
    held: list[str] = []
    for line in [*lines, "file end"]:
        if line.startswith("file "):
            expiries = [at for at in parse_colons(held).values() if at is not None]
            found |= {name: max(expiries)} if expiries and name else {}
            name, held = line.removeprefix("file "), []
        else:
            held.append(line)
    return found
