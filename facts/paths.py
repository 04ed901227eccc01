"""What of a set of paths and network links is there."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from facts.base import Fact


class Present(Fact[list[str] | None]):
    """Those of `paths` (shell patterns, such as /etc/apt/keyrings/isthmus-*) that exist, as they are named; None = unknown."""

    def command(self, paths: Sequence[str]) -> str:
        return f'echo paths; for p in {" ".join(paths)}; do if test -e "$p" || test -L "$p"; then echo "$p"; fi; done'

    def process(self, output: list[str]) -> list[str]:
        return output[1:]


class Links(Fact[list[str] | None]):
    """Those of `names` that are network links now; None = unknown."""

    def command(self, names: Sequence[str]) -> str:
        wanted = " ".join(shlex.quote(name) for name in names)
        return f'echo links; for l in {wanted}; do if test -e "/sys/class/net/$l"; then echo "$l"; fi; done'

    def process(self, output: list[str]) -> list[str]:
        return output[1:]
