"""What apt trusts."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass

from pyinfra.api import FactBase

from facts.reading import contained


@dataclass(frozen=True)
class Keyring:
    """The primary keys of a keyring file: fingerprint → expiry in seconds since 1970, or None where it has none."""

    keys: dict[str, int | None]

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


class SigningKeys(FactBase[Keyring | None]):
    """The keys of the keyring file at `path`; an absent file has none, and so has one that nothing on the host can read; None = unknown."""

    def command(self, path: str) -> str:
        quoted = shlex.quote(path)
        return (
            f"echo keyring; test ! -e {quoted} || ! command -v gpg >/dev/null || "
            f"gpg --batch --show-keys --with-colons {quoted} 2>/dev/null"
        )

    @contained
    def process(self, output: list[str]) -> Keyring:
        return Keyring(parse_colons(output))


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
