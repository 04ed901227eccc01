"""Measure one run of a command: time, processor, memory, bytes, and the remote executions in the log of each host's sshd."""

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

AT_ONCE = 12  # hosts at a time
# sshd logs this line for each exec or subsystem of a connection, at log level VERBOSE.
SESSIONS = """if test -d /run/systemd/system; then journalctl --sync; journalctl -q -o cat -t sshd -t sshd-session
else cat /var/log/sshd.log; fi | grep -c '^Starting session:' || true"""


@dataclass(frozen=True)
class Sample:
    """The costs of a run. `cpu_s` and `peak_mb` are the operator's; `sessions`: host → remote executions."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    sent_bytes: int
    received_bytes: int
    sessions: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The values for JSON."""
        return asdict(self)


def measure(lab: Lab, name: str, run: Callable[[Path], tuple[float, float]]) -> Sample:
    """Measure `run`, which takes the file for its output and returns processor seconds and peak memory in MB."""
    earlier = sessions(lab)
    sent, received = traffic(lab)
    began = time.monotonic()
    cpu, peak = run(lab.log(name))
    wall = time.monotonic() - began
    sent_after, received_after = traffic(lab)
    more = {host: count - earlier[host] for host, count in sessions(lab).items()}
    return Sample(round(wall, 3), round(cpu, 3), round(peak, 1), sent_after - sent, received_after - received, more)


def command(lab: Lab, words: Sequence[str], **environment: str) -> Callable[[Path], tuple[float, float]]:
    """For `measure`: run a command as the operator; LabError with the end of its output if it fails."""

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


def all_at_once(lab: Lab, commands: Sequence[Sequence[str]]) -> Callable[[Path], tuple[float, float]]:
    """For `measure`: run all commands at the same time, until the last one ends."""

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
    """The bytes that the operator's machine has sent and received so far, headers included."""
    words = ["ip", "-n", lab.world.operator_namespace, "-j", "-s", "link", "show", UPLINK]
    shown = json.loads(subprocess.run(words, capture_output=True, check=True, text=True).stdout)[0]["stats64"]
    return int(shown["tx"]["bytes"]), int(shown["rx"]["bytes"])


def sessions(lab: Lab) -> dict[str, int]:
    """Host → the executions over SSH that its sshd has logged so far."""
    return {name: int(count) for name, count in run_on_hosts(lab, SESSIONS).items()}


def run_on_hosts(lab: Lab, script: str, hosts: Collection[str] = ()) -> dict[str, str]:
    """Run a script as root on all hosts (or these) at once; gives host → its standard output."""
    names = [host.name for host in lab.world.hosts if not hosts or host.name in hosts]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(names, pool.map(lambda name: lab.root(name, script), names), strict=True))
