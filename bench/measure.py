"""One run of a command, measured from outside: time, processor, memory, bytes, and executions as the hosts' sshd saw them."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.labs import Lab
from lab.failures import LabError
from lab.world.network import UPLINK

# sshd says so once for each exec or subsystem of a connection, at log level VERBOSE.
AT_ONCE = 12  # hosts that are looked into at a time
SESSIONS = """if test -d /run/systemd/system; then journalctl --sync; journalctl -q -o cat -t sshd -t sshd-session
else cat /var/log/sshd.log; fi | grep -c '^Starting session:' || true"""


@dataclass(frozen=True)
class Taken:
    """What a run took. `cpu_s` and `peak_mb` are the operator's side; `sessions`: host → remote executions."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    sent_bytes: int
    received_bytes: int
    sessions: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def taken(lab: Lab, name: str, run: Callable[[Path], tuple[float, float]]) -> Taken:
    """Measure `run`, which gets the file for its output and gives processor seconds and peak memory in MB."""
    earlier = sessions(lab)
    sent, received = traffic(lab)
    began = time.monotonic()
    cpu, peak = run(lab.log(name))
    wall = time.monotonic() - began
    sent_after, received_after = traffic(lab)
    more = {host: count - earlier[host] for host, count in sessions(lab).items()}
    return Taken(round(wall, 3), round(cpu, 3), round(peak, 1), sent_after - sent, received_after - received, more)


def command(lab: Lab, words: Sequence[str], **environment: str) -> Callable[[Path], tuple[float, float]]:
    """For `taken`: that command as the operator; LabError with the end of its output where it fails."""

    def run(log: Path) -> tuple[float, float]:
        with log.open("w") as output:
            process = lab.start(words, output, **environment)
            try:
                _, status, used = os.wait4(process.pid, 0)
            except BaseException:
                process.terminate()
                process.wait()
                raise
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise LabError(
                "bench",
                f"`{' '.join(words[:5])}` ended with {process.returncode}",
                log.read_text()[-1500:],
                f"see {log}",
            )
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024

    return run


def at_once(lab: Lab, commands: Sequence[Sequence[str]]) -> Callable[[Path], tuple[float, float]]:
    """For `taken`: all those commands at the same time; it ends with the last one."""

    def run(log: Path) -> tuple[float, float]:
        with log.open("w") as output:
            processes = [lab.start(words, output) for words in commands]
            try:
                codes = [process.wait() for process in processes]
            finally:
                for process in processes:
                    process.kill()
        if any(codes):
            raise LabError("bench", f"{' '.join(commands[0])} failed", log.read_text()[-1500:], f"see {log}")
        return 0.0, 0.0

    return run


def traffic(lab: Lab) -> tuple[int, int]:
    """Bytes that the operator's machine has sent and received, headers included."""
    words = ["ip", "-n", lab.world.operator_namespace, "-j", "-s", "link", "show", UPLINK]
    shown = json.loads(subprocess.run(words, capture_output=True, check=True, text=True).stdout)[0]["stats64"]
    return int(shown["tx"]["bytes"]), int(shown["rx"]["bytes"])


def sessions(lab: Lab) -> dict[str, int]:
    """Host → executions over SSH that its sshd has written down so far."""
    return {name: int(said) for name, said in everywhere(lab, SESSIONS).items()}


def everywhere(lab: Lab, script: str, hosts: Collection[str] = ()) -> dict[str, str]:
    """Host → what a script said there, as root, on all hosts (or those) at once."""
    names = [host.name for host in lab.world.hosts if not hosts or host.name in hosts]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(names, pool.map(lambda name: lab.root(name, script), names), strict=True))
