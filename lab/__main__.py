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
from lab.world import hosts, lifecycle, status
from lab.world import operator as operator_machine
from lab.world import readdress as readdressing
from lab.world.plan import WorldPlan
from lab.world.state import PROJECT, Run, run_id

Verb = Callable[[Run, argparse.Namespace, list[str]], int]
NEXT = """
The lab {run} is up. What comes next:
  python -m lab deploy{option}      the hosts become a cluster
  python -m lab status{option}      what there is
  python -m lab shell HOST{option}  look around on a host
  python -m lab down{option}        remove it all
"""


def up(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Create the lab, unless it is up."""
    prerequisites.check()
    with interruptible(), place.locked():
        declared = declared_cluster(given)
        if place.state.get("up") and lifecycle.has_networks(place):
            changed = "" if place.cluster() == declared else "; the inventory has changed since, so take it down first"
            print(f"The lab {place.name} is up already{changed}.")
            return 0
        architectures = tuple(given.arch or (mirror.request.machine_architecture(),))
        lifecycle.up(
            place,
            declared,
            lifecycle.Options(architectures, not given.no_delay, given.keep, also=tuple(given.also), acme=given.acme),
        )
    print(NEXT.format(run=place.name, option=lab_options(given)))
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


def down(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Remove the lab."""
    prerequisites.check()
    with place.locked():
        if not place.exists:
            print(f"There is no lab {place.name}.")
            return 0
        with step(f"removing the lab {place.name}"):
            place.remove()
    return 0


def deploy(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Run pyinfra with deploy.py as the operator."""
    return as_operator(place, ["pyinfra", "-y", str(given.inventory.resolve()), "deploy.py", *rest])


def verify(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Run pyinfra with verify.py as the operator; with --wait, repeat it until it finds nothing or the time is over."""
    words = ["pyinfra", "-y", str(given.inventory.resolve()), "verify.py", *rest]
    if given.wait is None:
        return as_operator(place, words)
    command, environment = operator_machine.command(running_world(place), words), operator_machine.environment(place)
    deadline = time.monotonic() + given.wait
    while (code := subprocess.call(command, env=environment, cwd=PROJECT)) and time.monotonic() < deadline:
        print(f"Not yet; measuring again, for {deadline - time.monotonic():.0f} s at most.", flush=True)
    return code


def conform(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Run Kubernetes' conformance tests."""
    running_world(place)
    return conformance.conformance(place, declared_cluster(given), given.sig, given.processes, given.only)


def as_operator(place: Run, words: list[str]) -> int:
    """Run a program in the project's folder as the operator."""
    os.chdir(PROJECT)
    return operator(place, argparse.Namespace(), words)


def operator(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Replace this process by a command in the operator's namespace."""
    return replace_process(operator_machine.command(running_world(place), rest), operator_machine.environment(place))


def run(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Replace this process by a command on a host."""
    return replace_process(hosts.attach_command(place, running_world(place).host(given.host), rest), dict(os.environ))


def shell(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Start a root shell on a host."""
    return run(place, given, ["bash", "-l"])


def replace_process(words: Sequence[str], environment: dict[str, str]) -> int:
    """Replace this process, so that input, output, signals and exit code are the command's own."""
    sys.stdout.flush()
    os.execvpe(words[0], list(words), environment)  # noqa: S606


def running_world(place: Run) -> WorldPlan:
    """The world of a lab that is up; LabError if it is not."""
    prerequisites.check()
    return lifecycle.world_of(place)


def show_status(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Print the lab's state as a table."""
    running_world(place)
    print(status.show(place))
    return 0


def log(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Print the mirror's access log."""
    running_world(place)
    file = place.folder / "requests.jsonl"
    print(file.read_text() if file.exists() else "", end="")
    return 0


def power(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Cut the power of hosts, boot them, or replace them by new machines."""
    planned = running_world(place)
    chosen = [planned.host(name) for name in given.hosts] or list(planned.hosts)
    with place.locked(), step(f"power {given.state} for {', '.join(host.name for host in chosen)}"):
        if given.state == "off":
            lifecycle.power_off(place, chosen)
        elif given.state == "new":
            lifecycle.replace_hosts(place, planned, chosen)
        else:
            lifecycle.power_on(place, planned, [host for host in chosen if not hosts.is_on(place, host)])
    return 0


def delay(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Switch the links' delay and loss."""
    running_world(place)
    with place.locked():
        lifecycle.set_delay(place, given.state == "on", given.operator)
    return 0


def readdress(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Route the inventory's changed public addresses to their hosts."""
    running_world(place)
    with place.locked(), step("routing the public addresses of the inventory to their hosts"):
        readdressing.readdress(place, declared_cluster(given))
    return 0


def cause(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Cause a fault."""
    return change(place, given, faults.cause)


def heal(place: Run, given: argparse.Namespace, rest: list[str]) -> int:
    """Undo a fault."""
    return change(place, given, faults.heal)


def change(place: Run, given: argparse.Namespace, how: Callable[[Run, str, str | None], None]) -> int:
    """Cause or heal a fault, or list them."""
    if given.list:
        print(faults.listing())
        return 0
    running_world(place)
    with place.locked():
        how(place, given.fault, given.target)
    return 0


VERBS: dict[str, Verb] = {
    "up": up, "deploy": deploy, "verify": verify, "conformance": conform, "status": show_status, "shell": shell, "run": run, "operator": operator,
    "log": log, "power": power, "readdress": readdress, "delay": delay, "break": cause, "heal": heal, "down": down,
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
