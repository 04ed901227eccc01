"""What dpkg knows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from facts.base import Fact, parse_errors_as_fact_errors


@dataclass(frozen=True)
class Package:
    """An installed package; `held` = apt leaves it alone."""

    version: str
    held: bool

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


class Arch(Fact[str | None]):
    """The architecture of the host's packages, such as amd64 or arm64; None = unknown."""

    def command(self) -> str:
        return "dpkg --print-architecture"

    def process(self, output: list[str]) -> str:
        return output[0].strip()


class Packages(Fact[dict[str, Package | None] | None]):
    """Those of `names`: name → installed package, or None where it is not installed; the whole is None if unknown."""

    def command(self, names: Sequence[str]) -> str:
        quoted = " ".join(shlex.quote(name) for name in names)
        shape = "${Package} ${db:Status-Want} ${db:Status-Status} ${Version}\\n"
        # It ends with 1 where it does not know one of them, and with 2 where it could not look.
        return f"echo asked {quoted}; dpkg-query -W -f='{shape}' {quoted} 2>/dev/null; test $? -le 1"

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, Package | None]:
        return parse_packages(output)


def parse_packages(lines: Sequence[str]) -> dict[str, Package | None]:
    """The names that were asked, then a line for each that dpkg knows; one may be known for several architectures."""
    found: dict[str, Package | None] = dict.fromkeys(lines[0].split()[1:])
    for line in lines[1:]:
        # A package that dpkg only knows by name has no version.
        name, want, status, version = [*line.split(" ", 3), ""][:4]
        if status == "installed":
            found[name] = Package(version, want == "hold")
    return found
