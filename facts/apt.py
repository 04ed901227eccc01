"""What apt trusts."""

from __future__ import annotations

import shlex

from cluster.observed import gpg
from facts.base import Fact, parse_errors_as_fact_errors


class SigningKeys(Fact[gpg.Keyring | None]):
    """The keys of the keyring file at `path`; an absent file has none, and so has one that nothing on the host can read; None = unknown."""

    def command(self, path: str) -> str:
        quoted = shlex.quote(path)
        return (
            f"echo keyring; test ! -e {quoted} || ! command -v gpg >/dev/null || "
            f"gpg --batch --show-keys --with-colons {quoted} 2>/dev/null"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> gpg.Keyring:
        return gpg.Keyring(gpg.parse_colons(output))
