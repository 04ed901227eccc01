"""What dpkg-query prints, and the versions in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Package:
    """An installed package; `held` = apt leaves it alone."""

    version: str
    held: bool

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Installed:
    """What a host has: package → version, installed packages only; `api` is the version of the API that it runs, empty for none."""

    packages: Mapping[str, str]
    api: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_packages(lines: Sequence[str]) -> dict[str, Package | None]:
    """Package → its state, None if it is not installed: a line `asked NAME…`, then `NAME WANT STATUS VERSION` of each that dpkg knows.

    dpkg may know a package for several architectures.
    """
    found: dict[str, Package | None] = dict.fromkeys(lines[0].split()[1:])
    for line in lines[1:]:
        # A package that dpkg only knows by name has no version.
        name, want, status, version = [*line.split(" ", 3), ""][:4]
        if status == "installed":
            found[name] = Package(version, want == "hold")
    return found


def parse_installed(lines: Sequence[str]) -> Installed:
    """`package NAME STATUS VERSION` of each package that dpkg knows, and `api VERSION` if the host runs an API."""
    rows = [line.split() for line in lines]
    # A package that dpkg only knows by name has no version, one that is half installed does not count.
    packages = {row[1]: row[3] for row in rows if row[0] == "package" and row[2] == "installed"}
    return Installed(packages, next((row[1] for row in rows if row[0] == "api"), ""))


def parse_versions(lines: Sequence[str]) -> dict[str, str]:
    """Package → the upstream part of its version, installed packages only; lines are `NAME VERSION STATUS`."""
    words = [line.split() for line in lines]
    return {line[0]: line[1].split("-")[0].split("~")[0] for line in words if len(line) == 3 and line[2] == "installed"}


def parse_unfinished(lines: Sequence[str]) -> list[str]:
    """The names, after lines of `STATE NAME` (as dpkg -l has STATE) of packages that are unpacked or half installed only."""
    return [line.split()[1] for line in lines]
