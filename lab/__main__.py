"""python -m lab VERB: each verb in a few lines."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from cluster.model import Cluster
from cluster.problems import ModelError
from lab import arguments, faults, mirror, prerequisites
from lab.conformance import run as conformance
from lab.failures import Interrupted, LabError
from lab.interrupts import interruptible
from lab.load_inventory import load
from lab.polling import step
from lab.world import boot, hosts, lifecycle, status
from lab.world import operator as operator_machine
from lab.world import readdress as readdressing
from lab.world.plan import WorldPlan, as_machines
from lab.world.state import PROJECT, Run, run_id

Verb = Callable[[Run, argparse.Namespace, list[str]], int]
NEXT = """
The lab {run} is up. What comes next:
  python -m lab deploy{option}      the hosts become a cluster
  python -m lab status{option}      what there is
  python -m lab shell HOST{option}  look around on a host
  python -m lab down{option}        remove it all
"""


def up(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Create the lab, unless it is up."""
    prerequisites.check()
    with interruptible(), lab.locked():
        declared = declared_cluster(given)
        if lab.state.get("up") and lifecycle.has_networks(lab):
            same = lab.cluster() in (declared, as_machines(declared))
            changed = "" if same else "; the inventory has changed since, so take it down first"
            print(f"The lab {lab.name} is up already{changed}.")
            return 0
        lifecycle.up(
            lab,
            declared,
            lifecycle.Options(
                tuple(given.arch), not given.no_delay, given.keep, also=tuple(given.also), acme=given.acme,
                source=given.source, machines=given.machines,
            ),
        )  # fmt: skip
    print(NEXT.format(run=lab.name, option=lab_options(given)))
    return 0


def declared_cluster(given: argparse.Namespace) -> Cluster:
    """The cluster of the inventory."""
    if not given.inventory.is_file():
        raise LabError(
            f"--inventory {given.inventory}", "is no file", "the lab is made from it", "name an inventory file"
        )
    try:
        return load(given.inventory)
    except subprocess.CalledProcessError:
        raise LabError(
            f"--inventory {given.inventory}", "can't be loaded", "pyinfra's error is above", "correct the inventory or its group data"
        ) from None  # fmt: skip


def lab_options(given: argparse.Namespace) -> str:
    """The options that select this lab, for the next commands."""
    words = [] if given.inventory == PROJECT / "inventory.py" else ["--inventory", str(given.inventory)]
    words += ["--run", given.run] if given.run else []
    return "".join(f" {word}" for word in words)


def down(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Remove the lab."""
    prerequisites.check()
    with lab.locked():
        if not lab.exists:
            print(f"There is no lab {lab.name}.")
            return 0
        with step(f"removing the lab {lab.name}"):
            lab.remove()
    return 0


def deploy(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Run pyinfra with deploy.py as the operator."""
    return as_operator(lab, ["pyinfra", "-y", str(given.inventory.resolve()), "deploy.py", *rest])


def verify(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Run pyinfra with verify.py as the operator; with --wait, repeat it until it finds nothing or the time is over."""
    words = ["pyinfra", "-y", str(given.inventory.resolve()), "verify.py", *rest]
    if given.wait is None:
        return as_operator(lab, words)
    command, environment = operator_machine.command(running_world(lab), words), operator_machine.environment(lab)
    deadline = time.monotonic() + given.wait
    while (code := subprocess.call(command, env=environment, cwd=PROJECT)) and time.monotonic() < deadline:
        print(f"Not yet; measuring again, for {deadline - time.monotonic():.0f} s at most.", flush=True)
    return code


def conform(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Run Kubernetes' conformance tests."""
    running_world(lab)
    return conformance.conformance(lab, declared_cluster(given), given.sig, given.processes, given.only)


def as_operator(lab: Run, words: list[str]) -> int:
    """Run a program in the project's folder as the operator."""
    os.chdir(PROJECT)
    return operator(lab, argparse.Namespace(), words)


def operator(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Replace this process by a command in the operator's namespace."""
    return replace_process(operator_machine.command(running_world(lab), rest), operator_machine.environment(lab))


def run(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Replace this process by a command on a host."""
    return replace_process(hosts.attach_command(lab, running_world(lab).host(given.host), rest), dict(os.environ))


def shell(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Start a root shell on a host."""
    host = running_world(lab).host(given.host)
    return replace_process(hosts.kind(host).shell_command(lab, host), dict(os.environ))


def console(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Print what a host has printed on its console."""
    file = lab.host_folder(running_world(lab).host(given.host).name) / "console.log"
    print(file.read_text(errors="replace") if file.exists() else "", end="")
    return 0


def replace_process(words: Sequence[str], environment: dict[str, str]) -> int:
    """Replace this process, so that input, output, signals and exit code are the command's own."""
    sys.stdout.flush()
    os.execvpe(words[0], list(words), environment)  # noqa: S606


def running_world(lab: Run) -> WorldPlan:
    """The world of a lab that is up; LabError if it is not."""
    prerequisites.check()
    return lifecycle.world_of(lab)


def show_status(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Print the lab's state as a table."""
    running_world(lab)
    print(status.show(lab))
    return 0


def log(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Print the mirror's access log."""
    running_world(lab)
    file = lab.folder / "requests.jsonl"
    print(file.read_text() if file.exists() else "", end="")
    return 0


def power(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Cut the power of hosts, boot them, or replace them by new machines."""
    planned = running_world(lab)
    chosen = [planned.host(name) for name in given.hosts] or list(planned.hosts)
    with lab.locked(), step(f"power {given.state} for {', '.join(host.name for host in chosen)}"):
        if given.state == "off":
            lifecycle.power_off(lab, chosen)
        elif given.state == "new":
            lifecycle.replace_hosts(lab, planned, chosen)
        else:
            boot.power_on(lab, planned, [host for host in chosen if not hosts.is_on(lab, host)])
    return 0


def delay(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Switch the links' delay and loss."""
    running_world(lab)
    with lab.locked():
        lifecycle.set_delay(lab, given.state == "on", given.operator)
    return 0


def readdress(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Route the inventory's changed public addresses to their hosts."""
    running_world(lab)
    with lab.locked(), step("routing the public addresses of the inventory to their hosts"):
        readdressing.readdress(lab, declared_cluster(given))
    return 0


def cause(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Cause a fault."""
    return change(lab, given, faults.cause)


def heal(lab: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Undo a fault."""
    return change(lab, given, faults.heal)


def change(lab: Run, given: argparse.Namespace, how: Callable[[Run, str, str | None], None]) -> int:
    """Cause or heal a fault, or list them."""
    if given.list:
        print(faults.listing())
        return 0
    running_world(lab)
    with lab.locked():
        how(lab, given.fault, given.target)
    return 0


VERBS: dict[str, Verb] = {
    "up": up, "deploy": deploy, "verify": verify, "conformance": conform, "status": show_status, "shell": shell, "run": run, "operator": operator,
    "log": log, "console": console, "power": power, "readdress": readdress, "delay": delay, "break": cause, "heal": heal, "down": down,
}  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """The exit code: that of the command that was run, 1 after an error, 130 after an interruption."""
    given, rest = arguments.parse(sys.argv[1:] if words is None else words)
    try:
        return VERBS[given.verb](Run(given.run or run_id(given.inventory)), given, rest)
    except (LabError, ModelError, mirror.MirrorError) as problem:
        print(problem, file=sys.stderr)
        return 1
    except (Interrupted, KeyboardInterrupt) as interruption:
        print(f"\n{interruption or 'interrupted'}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
