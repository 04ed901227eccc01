"""The lab for the measurements: booted if it is not up, its delays set, and left as it was found."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cluster.model import Cluster
from lab.commands import run
from lab.failures import LabError
from lab.load_inventory import load
from lab.polling import step
from lab.world import hosts, lifecycle
from lab.world import operator as operator_machine
from lab.world.lifecycle import Options
from lab.world.state import PROJECT, Run

VERBOSE = "/etc/ssh/sshd_config.d/00-bench.conf"


class Lab:
    """A lab that is up, and its inventory."""

    def __init__(self, lab_run: Run, inventory: Path) -> None:
        self.run = lab_run
        self.inventory = inventory.resolve()
        self.world = lifecycle.world_of(lab_run)
        self.environment = operator_machine.environment(lab_run)
        self.folder = lab_run.folder / "bench"
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def log(self, name: str) -> Path:
        """The file for a measured command's output."""
        return self.folder / f"{name}.log"

    def start(self, words: Sequence[str], output: IO[str] | int, **environment: str) -> subprocess.Popen[str]:
        """Start a program on the operator's machine, in the project's folder; the value "" unsets a variable."""
        values = {**self.environment, **environment}
        return subprocess.Popen(
            operator_machine.command(self.world, list(words)), cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, text=True, env={key: value for key, value in values.items() if value},
        )  # fmt: skip

    def start_bytes(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a program on the operator's machine with pipes for input and output."""
        command = operator_machine.command(self.world, list(words))
        return subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=self.environment,
        )  # fmt: skip

    def operator(self, words: Sequence[str], **environment: str) -> str:
        """Run a program on the operator's machine; gives its standard output. LabError if it fails."""
        command = operator_machine.command(self.world, list(words))
        done = subprocess.run(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env={**self.environment, **environment},
        )  # fmt: skip
        if done.returncode:
            output = (done.stdout + done.stderr)[-1500:]
            raise LabError("the operator", f"`{' '.join(words[:4])}` ended with {done.returncode}", output, "see above")
        return done.stdout

    def root(self, host: str, script: str) -> str:
        """Run a script on a host as root, without SSH; gives its standard output. LabError if it fails."""
        return run(hosts.attach_command(self.run, self.world.host(host), ["sh", "-s"]), text=script)

    def pyinfra(self, *words: str) -> list[str]:
        """The command line of a deploy with this inventory."""
        return ["pyinfra", *words, str(self.inventory), "deploy.py"]


@contextmanager
def use_lab(run_id: str, inventory: Path, keep: bool, **options: bool) -> Iterator[Lab]:
    """Within, the lab is up. A lab that was up stays; a new one is removed in every outcome, unless `keep`."""
    lab_run = Run(run_id)
    was_up = bool(lab_run.state.get("up")) and lifecycle.has_networks(lab_run)
    with lab_run.locked():
        if not was_up:
            boot(lab_run, load(inventory), **options)
    try:
        yield Lab(lab_run, inventory)
    finally:
        if not was_up and not keep:
            remove(lab_run)


def boot(lab_run: Run, cluster: Cluster, ssh_only: bool = False) -> None:
    """Boot a lab whose links have no delay, and whose packages are the same on every machine."""
    options = Options((), delay=False, ssh_only=ssh_only, source="build")
    lifecycle.up(lab_run, cluster, options)


def remove(lab_run: Run) -> None:
    """Remove the lab."""
    with lab_run.locked(), step(f"removing the lab {lab_run.name}"):
        lab_run.remove()


@contextmanager
def delays(lab: Lab, operator_ms: float, between_sites: bool = False) -> Iterator[None]:
    """Within, the operator's link adds `operator_ms` to each round trip; sites have their declared delay or none."""
    before = lab.run.state
    with lab.run.locked():
        lifecycle.set_delay(lab.run, between_sites, operator_ms)
    try:
        yield
    finally:
        with lab.run.locked():
            lifecycle.set_delay(lab.run, before.get("delay", True), before.get("operator_round_trip_ms", 0.0))


@contextmanager
def count_sessions(lab: Lab) -> Iterator[None]:
    """Within, each host's sshd logs every execution."""
    names = [host.name for host in lab.world.hosts]
    try:
        for name in names:
            lab.root(
                name,
                f"mkdir -p {VERBOSE.rpartition('/')[0]}; echo 'LogLevel VERBOSE' > {VERBOSE} && systemctl reload ssh.service",
            )
        yield
    finally:
        for name in names:
            lab.root(name, f"rm -f {VERBOSE}; systemctl reload ssh.service || true")


def converge(lab: Lab) -> None:
    """Deploy, unless a preview lists nothing; LabError if a preview then still lists something."""
    if pending_operations(lab):
        with step("deploying, so that there is nothing left to change"):
            lab.operator(lab.pyinfra("-y"))
    if left := pending_operations(lab):
        raise LabError(
            "bench", f"a deployed cluster is not converged: {'; '.join(left)}", "only runs that change nothing are compared",
            "run `python -m lab deploy` and look at what it changes",
        )  # fmt: skip


def pending_operations(lab: Lab) -> list[str]:
    """The operations that a preview lists as changes."""
    plan = json.loads(lab.operator(lab.pyinfra("--dry", "--json")))["plan"]
    return [step["name"] for step in plan if step["hosts_with_change"] or step["hosts_with_conditional_change"]]


def operation_names(lab: Lab) -> list[str]:
    """The names of all operations of the deploy, in order."""
    plan = json.loads(lab.operator(lab.pyinfra("--dry", "--json")))["plan"]
    return [step["name"] for step in plan]
