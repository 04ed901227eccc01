"""What must hold on every inventory; each test module of an inventory calls these in its order."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

from cluster.model import Host
from tests.lab.conftest import SECRETS, Rehearsal
from tests.places import PROJECT

# What changes on a host by itself, or with every login: logs, who was logged in, what systemd remembers.
RESTLESS = (
    "/proc",
    "/sys",
    "/run",
    "/tmp",
    "/var/tmp",
    "/var/log",
    "/var/lib/systemd",
    "/var/lib/lastlog",
    "/home/*/.cache",
)
RESTLESS_PROCESSES = "ps|sort|find|grep|sh|sshd.*|sudo|systemd|\\(sd-pam\\)|systemd-.*|\\(udev-worker\\)|agetty"


def fresh_state(world: Rehearsal) -> dict[str, str]:
    """A fingerprint of each host: every file and folder with its size, mode and time, and every process."""
    pruned = " -o ".join(f"-path '{path}'" for path in RESTLESS)
    script = (
        f"find / -xdev \\( {pruned} \\) -prune -o \\( -type f -o -type l -o -type d \\) -printf '%p %s %m %T@\\n' | sort; "
        f"ps -eo comm= | grep -vxE '{RESTLESS_PROCESSES}' | sort"
    )
    return {host.name: world.on(host, script).stdout for host in world.cluster.hosts}


def preview_touches_nothing(world: Rehearsal) -> None:
    # A first login and a first sudo leave their own marks (a lecture, a cache): they are not the preview's.
    assert world.pyinfra("-y", "exec", "--", "true").returncode == 0
    before = fresh_state(world)
    assert len(world.previewed()) > 20, "a fresh world has everything to change"
    after = fresh_state(world)
    touched = {name: sorted({*state.splitlines()} ^ {*after[name].splitlines()}) for name, state in before.items()}
    assert {name: lines for name, lines in touched.items() if lines} == {}


def second_run_changes_nothing(world: Rehearsal) -> None:
    assert world.changed() == {}


def preview_lists_nothing(world: Rehearsal) -> None:
    assert world.previewed() == {}


def every_host_reaches_every_host(world: Rehearsal) -> None:
    lan = {host.name: str(host.lan_address) for host in world.cluster.hosts}
    tailnet = world.tailnet_addresses()
    assert all(tailnet.values()), tailnet
    for addresses in (lan, tailnet):
        wanted = {name: {other: at for other, at in addresses.items() if other != name} for name in addresses}
        assert world.unreachable(wanted) == []


def verified(world: Rehearsal) -> dict[str, object]:
    """verify ends with 0; what it measured."""
    world.must("verify", timeout=600)
    measured: dict[str, object] = json.loads((PROJECT / "build" / "verify.json").read_text())
    return measured


def round_trips_are_true(world: Rehearsal) -> None:
    """The last measurement has each path's own round trip: the declared delays and 15 ms at most, and both ways the same."""
    measured = json.loads((PROJECT / "build" / "verify.json").read_text())
    times = {(host["name"], to): path["latency_ms"] for host in measured["hosts"] for to, path in host["paths"].items()}
    assert set(times) == {(a.name, b.name) for a, b in world.pairs()}
    wrong = {}
    for a, b in world.pairs():
        there, back = times[a.name, b.name], times[b.name, a.name]
        if a.site == b.site:
            fits = there < 10
        else:
            declared = 2 * (a.site.delay_ms + b.site.delay_ms)
            fits = declared <= there <= declared + 15 and abs(there - back) <= 0.1 * min(there, back)
        if not fits:
            wrong[a.name, b.name] = (there, back)
    assert wrong == {}


@contextmanager
def broken(world: Rehearsal, fault: str, at: list[str]) -> Iterator[None]:
    """Within, the fault is in force."""
    world.must("break", fault, *at)
    try:
        yield
    finally:
        world.must("heal", fault, *at)


def problems(world: Rehearsal) -> list[dict[str, Any]]:
    """What verify reports, which ends with 1 for it."""
    result = world.lab("verify", timeout=300)
    assert result.returncode == 1, result.output[-4000:]
    found: list[dict[str, Any]] = json.loads((PROJECT / "build" / "verify.json").read_text())["problems"]
    return found


def fault_is_reported(world: Rehearsal, fault: str, at: list[str], check: str) -> None:
    """verify names that check, and nothing else that is not a consequence; healed, it is clean."""
    with broken(world, fault, at):
        found = problems(world)
        assert {problem["check"] for problem in found} == {check}, world.outputs[-1]
    world.must("verify", "--wait", "180", timeout=600)


def heals_after_a_power_cut(world: Rehearsal) -> None:
    """All hosts off and on at once; nothing is run by hand."""
    world.must("power", "off")
    world.must("power", "on")
    world.must("verify", "--wait", "180", timeout=900)
    hosts_are_as_declared(world)


def asserted(world: Rehearsal, hosts: Sequence[Host], *arguments: str) -> dict[str, bool]:
    """Each assertion of tests/hosts about those hosts, run as the operator does, and whether it holds.

    Most of the time is spent on waiting for the hosts, so all are asked at once. `arguments`: pytest's, the paths among them.
    """
    with ThreadPoolExecutor() as pool:
        by_host = list(pool.map(lambda host: _asserted(world, host, *arguments), hosts))
    found = {name: held for one in by_host for name, held in one.items()}
    print(f"{sum(found.values())} of {len(found)} assertions hold")
    return found


def _asserted(world: Rehearsal, host: Host, *arguments: str) -> dict[str, bool]:
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        words = ["--inventory", str(world.inventory), "--limit", host.name, *arguments]
        result = world.lab("operator", "--", *command, *words)
        assert report.exists(), result.output[-4000:]
        cases = list(ElementTree.parse(report).iter("testcase"))
    return {f"{case.get('classname')}::{case.get('name')}": len(case) == 0 for case in cases}


def hosts_are_as_declared(world: Rehearsal) -> None:
    """Every host has what its part needs, by no code of ours."""
    found = asserted(world, world.cluster.hosts, "tests/hosts")
    failed = [name for name, held in found.items() if not held]
    assert failed == [], "\n".join(world.outputs[-len(world.cluster.hosts) :])[-20000:]
    assert len(found) > 50 * len(world.cluster.hosts)


def hosts_are_clean(world: Rehearsal) -> None:
    """No host has anything of the cluster or the tailnet, by no code of ours."""
    found = asserted(world, world.cluster.hosts, "tests/hosts", "--reset")
    failed = [name for name, held in found.items() if not held]
    assert failed == [], "\n".join(world.outputs[-len(world.cluster.hosts) :])[-20000:]
    assert len(found) > 50 * len(world.cluster.hosts)


def no_secret_was_shown(world: Rehearsal) -> None:
    shown = [*world.outputs, *world.command_lines]
    # What stood around it names the program; the secret itself is not shown once more.
    assert [SECRETS.sub("(secret)", text)[-2000:] for text in shown if SECRETS.search(text)] == []
