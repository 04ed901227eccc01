"""Swap, off now and for the next boot."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from engine.fail import fail
from facts.swap import DROP_IN, Swap

# Daemons that turn swap on while they run; all other services do so when they start, and may have other duties.
DAEMONS = ("swapspace.service",)


@operation()
def off(is_container: bool = False) -> Generator[StringCommand, None, None]:
    """
    Turn swap off, now and for the next boot: kubelet refuses to start with swap. Lines of fstab are commented out, and services that
    turn swap on get a drop-in; a reset takes both back.

    + is_container: swap is that of the container's machine, and stays
    """
    found = host.get_fact(Swap)
    if found is None:
        yield fail("swap could not be read")
        return
    active, services = ([], []) if is_container else (found["active"], found.get("services", []))
    steps = ["swapoff --all"] if active else []
    if found["fstab"]:
        steps.append(
            "sed -i -E '/^\\s*[^#[:space:]]\\S*\\s+\\S+\\s+swap(\\s|$)/ s/^/# off for Kubernetes (isthmus): /' /etc/fstab"
        )
    steps += [step for unit in services for step in _drop_in(unit)]
    if services:
        steps.append("systemctl daemon-reload")
    if not state.is_executing and (active or services):
        host.log(f"Will turn off swap: {', '.join([*active, *services])}")
    if steps:
        yield StringCommand(" && ".join(steps))
    else:
        host.noop("swap is off")


def _drop_in(unit: str) -> Sequence[str]:
    folder = f"/etc/systemd/system/{unit}.d"
    path = f"{folder}/{DROP_IN}"
    # Its own condition fails as long as the file is there.
    text = (
        f"[Unit]\nConditionPathExists=!{path}\n"
        if unit in DAEMONS
        else "[Service]\nExecStartPost=-+/sbin/swapoff --all\n"
    )
    written = (
        f"printf '%s\\n' {shlex.quote('# Written by isthmus.')} {shlex.quote(text.rstrip())} > {shlex.quote(path)}"
    )
    return [
        f"mkdir -p {shlex.quote(folder)}",
        written,
        *([f"systemctl stop {shlex.quote(unit)}"] if unit in DAEMONS else []),
    ]
