"""What apt trusts."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass

from cluster.observed.gpg import parse_colons
from facts.base import Fact, parse_errors_as_fact_errors


@dataclass(frozen=True)
class Keyring:
    """The primary keys of a keyring file: fingerprint → expiry in seconds since 1970, or None where it has none."""

    keys: dict[str, int | None]

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


class SigningKeys(Fact[Keyring | None]):
    """The keys of the keyring file at `path`; an absent file has none, and so has one that nothing on the host can read; None = unknown."""

    def command(self, path: str) -> str:
        quoted = shlex.quote(path)
        return (
            f"echo keyring; test ! -e {quoted} || ! command -v gpg >/dev/null || "
            f"gpg --batch --show-keys --with-colons {quoted} 2>/dev/null"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> Keyring:
        return Keyring(parse_colons(output))
