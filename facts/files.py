"""What stands at a set of paths, in one question."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from facts.base import Fact, parse_errors_as_fact_errors


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


class States(Fact[dict[str, FileState | None] | None]):
    """The regular files among `paths`: path → state, or None where there is no file; the whole is None if unknown."""

    def command(self, paths: Sequence[str]) -> str:
        return (
            f"for p in {' '.join(shlex.quote(path) for path in paths)}; do "
            'if [ -f "$p" ]; then set -- "$@" "$p"; else echo "absent $p"; fi; done; '
            '[ $# = 0 ] || { stat -L -c "state %a %U %G %Z %n" "$@" && sha256sum "$@"; }'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, FileState | None]:
        return parse_states(output)


class Content(Fact[list[str] | None]):
    """The lines of a text file; an absent file has none, None is unknown."""

    def command(self, path: str) -> str:
        quoted = shlex.quote(path)
        return f"echo content; test ! -e {quoted} || cat {quoted}"

    def process(self, output: list[str]) -> list[str]:
        return output[1:]


def parse_states(lines: Sequence[str]) -> dict[str, FileState | None]:
    """`absent PATH` for each that is no regular file; `state MODE OWNER GROUP CHANGED PATH` and `HASH  PATH` for each that is one."""
    found: dict[str, FileState | None] = {}
    states: dict[str, list[str]] = {}
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "absent":
            found[rest] = None
        elif kind == "state":
            *fields, path = rest.split(" ", 4)
            states[path] = fields
        else:
            path = rest[1:]
            mode, owner, group, changed = states[path]
            found[path] = FileState(kind, mode, owner, group, int(changed))
    return found
