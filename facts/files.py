"""What stands at a set of paths, in one question."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.observed import files
from facts.base import Fact, parse_errors_as_fact_errors


class States(Fact[dict[str, files.FileState | None] | None]):
    """The regular files among `paths`: path → state, or None if there is no file; the whole is None if unknown."""

    def command(self, paths: Sequence[str]) -> str:
        return (
            f"for p in {' '.join(shlex.quote(path) for path in paths)}; do "
            'if [ -f "$p" ]; then set -- "$@" "$p"; else echo "absent $p"; fi; done; '
            '[ $# = 0 ] || { stat -L -c "state %a %U %G %Z %n" "$@" && sha256sum "$@"; }'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, files.FileState | None]:
        return files.parse_states(output)


class Content(Fact[list[str] | None]):
    """The lines of a text file; an absent file has none, None is unknown."""

    def command(self, path: str) -> str:
        quoted = shlex.quote(path)
        return f"echo content; test ! -e {quoted} || cat {quoted}"

    def process(self, output: list[str]) -> list[str]:
        return output[1:]


class Whole(Fact[str | None]):
    """The text of a file that others write too, byte for byte (`cluster.observed.files.parse_whole`); None = unknown, or it was cut off."""

    def command(self, path: str) -> str:
        quoted = shlex.quote(path)
        return f"echo begins; if test -e {quoted}; then base64 {quoted} && echo ends; else echo ends; fi"

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> str:
        return files.parse_whole(output)
