"""Certificates on a host."""

from __future__ import annotations

import shlex

from facts.base import Fact

SOON_S = 24 * 3600


class CertificateState(Fact[str | None]):
    """`valid`, `expired` (or within a day) or `absent`: the certificate at `path`; None = unknown."""

    def command(self, path: str) -> str:
        quoted = shlex.quote(path)
        return (
            f"if ! test -s {quoted}; then echo absent; "
            f"elif openssl x509 -checkend {SOON_S} -noout -in {quoted} >/dev/null; then echo valid; else echo expired; fi"
        )

    def process(self, output: list[str]) -> str:
        return output[0].strip()
