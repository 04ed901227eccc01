"""What dpkg knows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pyinfra.api import FactBase

from facts.reading import contained


@dataclass(frozen=True)
class Package:
    """An installed package; `held` = apt leaves it alone."""

    version: str
    held: bool

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


class Arch(FactBase[str | None]):
    """The architecture of the host's packages, such as amd64 or arm64; None = unknown."""

    def command(self) -> str:
        return "dpkg --print-architecture"

    def process(self, output: list[str]) -> str:
        return output[0].strip()


class Packages(FactBase[dict[str, Package | None] | None]):
    """Those of `names`: name → installed package, or None where it is not installed; the whole is None if unknown."""

    def command(self, names: Sequence[str]) -> str:
        quoted = " ".join(shlex.quote(name) for name in names)
        shape = "${Package} ${Version} ${db:Status-Want} ${db:Status-Status}\\n"
        return f'for n in {quoted}; do dpkg-query -W -f=\'{shape}\' "$n" 2>/dev/null || echo "$n - - absent"; done'

    @contained
    def process(self, output: list[str]) -> dict[str, Package | None]:
        return dict(_package(line) for line in output if line)


def _package(line: str) -> tuple[str, Package | None]:
    # A package that dpkg only knows by name has an empty version.
    name, version, want, status = line.split(" ")
    return name, Package(version, want == "hold") if status == "installed" else None
