"""What gpg prints of keys."""

from __future__ import annotations


def parse_colons(lines: list[str]) -> dict[str, int | None]:
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
