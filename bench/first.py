"""Measure a first deploy in a new lab, operation by operation, and the floor: one shell script per host, all at once."""

from __future__ import annotations

import argparse
import base64
import json
import re
import secrets
import string
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Any

from bench import floor, labs, machine, results, snapshot
from bench.labs import Lab
from bench.measure import run_on_hosts
from bench.snapshot import Snapshot
from cluster.install_plan import kubelet_settings
from cluster.sources import SHA256, Pins
from lab.failures import LabError
from lab.mirror.request import machine_architecture
from lab.polling import step
from lab.world.containers import CGROUP_V2

ROUND_TRIP_MS = 100.0
STARTED = re.compile(r"--> Starting operation: (.*)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
START = "umask 077; head -c {length} > /run/isthmus-floor.sh; exec bash /run/isthmus-floor.sh"
Events = list[tuple[float, str]]


def part(given: argparse.Namespace) -> None:
    """Measure deploy and floor in turns, each in a lab that has just booted."""
    deploys: list[dict[str, Any]] = []
    floors: list[dict[str, Any]] = []
    begun = machine.load()
    for number in range(given.repeat):
        print(f"round {number + 1}", flush=True)
        with labs.use_lab(f"{given.run}-first", given.inventory, False) as lab, labs.delays(lab, ROUND_TRIP_MS):
            check_fresh(lab)
            deploys.append(deploy(lab))
            found = snapshots(lab)
            deb = tailscale_package(lab)
        with labs.use_lab(f"{given.run}-first", given.inventory, False) as lab, labs.delays(lab, ROUND_TRIP_MS):
            floors.append(run_scripts(lab, found, deb))
        results.save(
            "first",
            {
                "round_trip_ms": ROUND_TRIP_MS, "deploys": deploys, "floors": floors, **machine.describe(),
                "load_around": [begun, machine.load()], "command": given.command,
            },
        )  # fmt: skip


def check_fresh(lab: Lab) -> None:
    """LabError if something was deployed already."""
    if any(output.strip() for output in run_on_hosts(lab, "command -v tailscale || true").values()):
        raise LabError(
            f"lab {lab.run.name}", "is not fresh", "a first deploy is to be measured",
            f"run `python -m lab down --run {lab.run.name}`, or give another --run",
        )  # fmt: skip


def deploy(lab: Lab) -> dict[str, Any]:
    """Deploy; gives its time in seconds, and when each operation began."""
    with step("first deploy"):
        began = time.monotonic()
        process = lab.start(lab.pyinfra("-y"), subprocess.PIPE, PYTHONUNBUFFERED="1")
        events, output = read_events(process, began)
        wall = time.monotonic() - began
    if process.returncode:
        raise LabError("deploy", f"ended with {process.returncode}", "\n".join(output[-20:]), "see above")
    return {"wall_s": round(wall, 2), "events": events}


def read_events(process: subprocess.Popen[str], began: float) -> tuple[Events, list[str]]:
    """When each operation began (seconds since `began`), and all lines of output."""
    events: Events = []
    output = []
    for line in process.stdout or ():
        output.append(plain := COLOUR.sub("", line.rstrip()))
        if match := STARTED.search(plain):
            events.append((round(time.monotonic() - began, 2), match[1]))
    process.wait()
    return events, output


def snapshots(lab: Lab) -> dict[str, Snapshot]:
    """Host → the files, packages and units that it has now."""
    with step("files, packages and units of the deployed hosts, for the scripts"):
        return {name: snapshot.parse(printed) for name, printed in run_on_hosts(lab, snapshot.SCRIPT).items()}


def tailscale_package(lab: Lab) -> bytes:
    """The package for hosts that can't download it; empty if every host can."""
    pushed = [host for host in lab.world.cluster.hosts if host.site.mirrors.tailscale == "push"]
    others = [host for host in lab.world.cluster.hosts if host not in pushed]
    if not pushed or not others:
        return b""
    script = (
        "cd /run && apt-get -q download tailscale >/dev/null 2>&1 && base64 -w 0 tailscale_*.deb && rm tailscale_*.deb"
    )
    return base64.b64decode(lab.root(others[0].name, script))


def plan(lab: Lab) -> floor.Plan:
    """The values that all scripts share."""
    whole = lab.world.cluster
    if len(whole.control_planes) > 1:
        raise LabError(
            "bench first", "the floor supports one control plane only", "this inventory has more", "use another"
        )
    cgroup = "v2" if CGROUP_V2.exists() else "v1"
    signs = string.ascii_lowercase + string.digits
    token = ".".join("".join(secrets.choice(signs) for _ in range(length)) for length in (6, 16))
    own = {f"/etc/isthmus/tls/coordination.{end}": lab.run.folder / f"coordination.{end}" for end in ("crt", "key")}
    return floor.Plan(
        cluster=whole,
        decisions={node.name: kubelet_settings(cgroup, "lxc", node.exceptions) for node in whole.nodes},
        token=token,
        architecture=machine_architecture(),
        contents={path: file.read_bytes() for path, file in own.items()},
        trust=Pins(sha256={**SHA256, **json.loads((lab.run.folder / "trust.json").read_text()).get("sha256", {})}),
    )


def run_scripts(lab: Lab, found: dict[str, Snapshot], deb: bytes) -> dict[str, Any]:
    """Run all scripts at once; gives their time and each host's phases. `left`: operations that a preview still lists."""
    shared = plan(lab)
    texts = {name: floor.script(shared, name, state).encode() for name, state in found.items()}
    with step("the floor: one script per host"):
        wall, phases = Scripts(lab, texts, deb).run()
    return {"wall_s": round(wall, 2), "phases": phases, "left": labs.pending_operations(lab)}


class Scripts:
    """The running scripts of all hosts; a value that one shares is written to all."""

    def __init__(self, lab: Lab, texts: dict[str, bytes], deb: bytes) -> None:
        self.lab = lab
        self.texts = texts
        self.deb = deb
        self.phases: dict[str, Events] = {name: [] for name in texts}
        self.output: dict[str, list[str]] = {name: [] for name in texts}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.began = 0.0

    def run(self) -> tuple[float, dict[str, Events]]:
        """Run them; gives seconds, and host → phases. LabError if one fails; the others are terminated then."""
        self.began = time.monotonic()
        try:
            for name, text in self.texts.items():
                self.processes[name] = self._start(name, START.format(length=len(text)))
            threads = [threading.Thread(target=self._attend, args=(name,)) for name in self.texts]
            senders = [threading.Thread(target=self._send, args=(name,)) for name in self._pushed()]
            for thread in (*threads, *senders):
                thread.start()
            for thread in (*threads, *senders):
                thread.join()
        finally:
            for process in self.processes.values():
                process.kill()
        failed = {name: code for name, process in self.processes.items() if (code := process.wait())}
        if failed:
            name = min(failed, key=lambda name: len(self.phases[name]))
            raise LabError(
                f"script of {name}", f"ended with {failed[name]}", "\n".join(self.output[name][-20:]), "see above"
            )
        return time.monotonic() - self.began, self.phases

    def _start(self, name: str, script: str) -> subprocess.Popen[bytes]:
        host = self.lab.world.cluster.host(name)
        remote = ["ssh", name, *(["sudo"] if host.ssh_user != "root" else []), f"bash -c '{script}'"]
        return self.lab.start_bytes(remote)

    def _pushed(self) -> Sequence[str]:
        return [host.name for host in self.lab.world.cluster.hosts if host.site.mirrors.tailscale == "push"]

    def _send(self, name: str) -> None:
        process = self._start(name, f"cat > {floor.PUSHED}.part; mv {floor.PUSHED}.part {floor.PUSHED}")
        process.communicate(self.deb)

    def _attend(self, name: str) -> None:
        process = self.processes[name]
        self._write(process, self.texts[name])
        for raw in process.stdout or ():
            kind, _, rest = (line := raw.decode(errors="replace").rstrip()).partition(" ")
            if kind == "SHARE":
                for other in self.processes.values():
                    self._write(other, f"{rest}\n".encode())
            elif kind == "PHASE":
                self.phases[name].append((round(time.monotonic() - self.began, 2), rest))
            else:
                self.output[name].append(line)
        if process.wait():
            for other in self.processes.values():
                other.terminate()

    @staticmethod
    def _write(process: subprocess.Popen[bytes], data: bytes) -> None:
        try:
            if process.stdin:
                process.stdin.write(data)
                process.stdin.flush()
        except BrokenPipeError:
            return  # it has ended; its exit code is checked later
