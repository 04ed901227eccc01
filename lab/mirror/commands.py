"""Run a program, with a readable error."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.mirror.request import MirrorError

TAIL = 15


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    data: bytes | None = None,
    why: str = "",
) -> str:
    """Run a program; gives its standard output. MirrorError with its last lines of output if it fails or is missing."""
    command = [str(word) for word in argv]
    try:
        done = subprocess.run(command, cwd=cwd, env={**os.environ, **(env or {})}, input=data, capture_output=True)
    except FileNotFoundError:
        fix = "install the Debian packages of lab.mirror.DEBIAN_PACKAGES"
        raise MirrorError(f"mirror: program {command[0]} is missing, needed for {why or 'the build'}; {fix}") from None
    if done.returncode:
        lines = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()[-TAIL:]
        shown = "\n  ".join(
            [f"mirror: {why or command[0]} failed: `{' '.join(command[:6])} …` ended with {done.returncode}", *lines]
        )
        raise MirrorError(shown)
    return done.stdout.decode(errors="replace")
