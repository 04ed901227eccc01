"""What dpkg knows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.observed import packages
from facts.base import Fact, parse_errors_as_fact_errors


class Arch(Fact[str | None]):
    """The architecture of the host's packages, such as amd64 or arm64; None = unknown."""

    def command(self) -> str:
        return "dpkg --print-architecture"

    def process(self, output: list[str]) -> str:
        return output[0].strip()


class Packages(Fact[dict[str, packages.Package | None] | None]):
    """`names` → installed package, or None if it is not installed; the whole is None if unknown."""

    def command(self, names: Sequence[str]) -> str:
        quoted = " ".join(shlex.quote(name) for name in names)
        shape = "${Package} ${db:Status-Want} ${db:Status-Status} ${Version}\\n"
        # Exit status 1: it does not know one of them; 2: it could not look.
        return f"echo asked {quoted}; dpkg-query -W -f='{shape}' {quoted} 2>/dev/null; test $? -le 1"

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, packages.Package | None]:
        return packages.parse_packages(output)


class Unfinished(Fact[list[str] | None]):
    """Packages that an interrupted dpkg left behind, and `dpkg` if its own files are; empty while dpkg or apt is at work; None = unknown."""

    def command(self) -> str:
        at_work = "cat /proc/[0-9]*/comm 2>/dev/null | grep -qxE 'dpkg|apt|apt-get|aptitude'"
        return (
            f"echo packages; if {at_work}; then exit 0; fi; "
            "if ls /var/lib/dpkg/updates | grep -q '^[0-9]'; then echo 'iU dpkg'; fi; "
            "dpkg-query -W -f='${db:Status-Abbrev} ${Package}\\n' | grep -E '^(.[UFH]|..R)' || true"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> list[str]:
        return packages.parse_unfinished(output[1:])
