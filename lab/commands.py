"""Run programs on this machine, in its own network or in a network namespace."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lab.failures import LabError

TAIL = 15


def run(
    argv: Sequence[str | Path], *, text: str | None = None, check: bool = True, env: Mapping[str, str] | None = None
) -> str:
    """Run a program; gives its standard output. LabError with the end of its output if it fails and `check` is set."""
    command = [str(word) for word in argv]
    done = subprocess.run(command, input=text or "", capture_output=True, text=True, env=env, errors="replace")
    if check and done.returncode:
        output = "\n".join((done.stderr + done.stdout).strip().splitlines()[-TAIL:])
        raise LabError(
            "this machine", f"`{' '.join(command[:8])}` ended with {done.returncode}", output or "no output",
            "see the lines above; `python -m lab down` removes what is left of the lab",
        )  # fmt: skip
    return done.stdout


def inside(namespace: str, argv: Sequence[str | Path], *, text: str | None = None, check: bool = True) -> str:
    """Run a program in a network namespace, as `run` does."""
    return run(["ip", "netns", "exec", namespace, *argv], text=text, check=check)


def ip(namespace: str, lines: Iterable[str]) -> None:
    """Run `ip` commands in a network namespace, all in one process."""
    run(["ip", "-n", namespace, "-batch", "-"], text="\n".join(lines) + "\n")


def nft(namespace: str, rules: str) -> None:
    """Load nftables rules in a network namespace."""
    inside(namespace, ["nft", "-f", "-"], text=rules)


def sysctl(namespace: str, values: Mapping[str, int]) -> None:
    """Set kernel parameters of a network namespace; parameters that this kernel lacks are skipped."""
    inside(namespace, ["sysctl", "-e", "-q", "-w", *(f"{key}={value}" for key, value in values.items())])
