"""The text of an apt repository's indexes (deb(5): Release and Packages)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Listed:
    """A file as an index names it: path under the repository, sha256."""

    path: str
    sha256: str


def index_of(release: str, path: str) -> Listed | None:
    """The index at `path` (such as main/binary-amd64/Packages) in the SHA256 part of a Release file."""
    part = ""
    for line in release.splitlines():
        if not line.startswith(" "):
            part = line
        elif part.startswith("SHA256:"):
            digest, _, name = line.split()
            if name == path:
                return Listed(name, digest)
    return None


def package_of(packages: str, name: str, version: str) -> Listed | None:
    """The .deb of that name and version in a Packages file."""
    for fields in stanzas(packages):
        if (fields.get("Package"), fields.get("Version")) == (name, version):
            return Listed(fields["Filename"], fields["SHA256"])
    return None


def stanzas(packages: str) -> list[dict[str, str]]:
    """The fields of each package in a Packages file, without their continued lines."""
    return [fields for text in packages.split("\n\n") if (fields := dict(_fields(text.splitlines())))]


def _fields(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        if line and not line[0].isspace():
            key, _, value = line.partition(":")
            yield key, value.strip()
