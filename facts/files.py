"""What stands at a set of paths, in one question."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pyinfra.api import FactBase

from facts.reading import contained


@dataclass(frozen=True)
class FileState:
    """A regular file; `mode` in octal digits as stat prints it, `changed` in seconds of the host's clock (ctime)."""

    sha256: str
    mode: str
    owner: str
    group: str
    changed: int

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


class States(FactBase[dict[str, FileState | None] | None]):
    """The regular files among `paths`: path → state, or None where there is no file; the whole is None if unknown."""

    def command(self, paths: Sequence[str]) -> str:
        return (
            f"for p in {' '.join(shlex.quote(path) for path in paths)}; do "
            'if [ -f "$p" ]; then echo "$(sha256sum < "$p" | cut -c1-64) $(stat -L -c "%a %U %G %Z" "$p") $p"; '
            'else echo "- - - - - $p"; fi; done'
        )

    @contained
    def process(self, output: list[str]) -> dict[str, FileState | None]:
        return dict(_state(line) for line in output)


class Content(FactBase[list[str] | None]):
    """The lines of a text file; an absent file has none, None is unknown."""

    def command(self, path: str) -> str:
        quoted = shlex.quote(path)
        return f"echo content; test ! -e {quoted} || cat {quoted}"

    def process(self, output: list[str]) -> list[str]:
        return output[1:]


def _state(line: str) -> tuple[str, FileState | None]:
    digest, mode, owner, group, changed, path = line.split(" ", 5)
    if digest == "-":
        return path, None
    return path, FileState(digest, mode, owner, group, int(changed))
