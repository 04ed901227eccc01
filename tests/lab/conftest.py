"""Rehearsals: a lab for each inventory, and what tests ask of it."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cluster.model import Cluster, Host
from lab.load_inventory import load
from tests.places import PROJECT

# Their assertions, too, say what they have seen.
pytest.register_assert_rewrite("tests.lab.common", "tests.lab.machine_worker", "tests.lab.tasks")
# What must never be seen: headscale's keys, kubeadm's tokens and certificate keys, private keys in PEM.
SECRETS = re.compile(
    r"hskey-(auth|api)-[A-Za-z0-9_-]{12,}|\b[a-z0-9]{6}\.[a-z0-9]{16}\b|PRIVATE KEY-----\s*[A-Za-z0-9+/]{20}"
    r"|certificateKey: *[0-9a-f]{64}"
)


# Operation → hosts that it changes.
Changes = dict[str, set[str]]


@dataclass
class Result:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


@dataclass
class Rehearsal:
    """One inventory's lab; every output that it ever printed is kept, to be searched for secrets."""

    inventory: Path
    run: str
    cluster: Cluster = field(init=False)
    outputs: list[str] = field(default_factory=list)
    command_lines: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cluster = load(self.inventory)

    def lab(self, *arguments: str, stdin: str | None = None, timeout: int = 1800) -> Result:
        """`python -m lab ARGUMENTS` for this inventory."""
        return self.call(self.words(*arguments), stdin, timeout)

    def words(self, verb: str, *rest: str) -> list[str]:
        return [sys.executable, "-m", "lab", verb, "--inventory", str(self.inventory), "--run", self.run, *rest]

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """The same in the background, in a process group of its own; what it says is lost."""
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            self.words(*arguments), cwd=PROJECT, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )

    def call(self, command: list[str], stdin: str | None = None, timeout: int = 1800) -> Result:
        started = time.monotonic()
        done = subprocess.run(command, cwd=PROJECT, input=stdin or "", capture_output=True, text=True, timeout=timeout)
        print(f"{time.monotonic() - started:.1f} s: {' '.join(command[2:])[:100]}")
        result = Result(done.returncode, done.stdout, done.stderr)
        self.outputs.append(result.output)
        return result

    def must(self, *arguments: str, timeout: int = 1800) -> Result:
        result = self.lab(*arguments, timeout=timeout)
        assert result.returncode == 0, (
            f"lab {' '.join(arguments)} ended with {result.returncode}:\n{result.output[-6000:]}"
        )
        return result

    def on(self, host: Host | str, script: str, timeout: int = 120) -> Result:
        """Run a script on a host, as root."""
        name = host if isinstance(host, str) else host.name
        return self.lab("run", name, "--", "sh", "-c", script, timeout=timeout)

    def pyinfra(self, *arguments: str, timeout: int = 1800) -> Result:
        return self.lab("operator", "--", "pyinfra", str(self.inventory), *arguments, timeout=timeout)

    def previewed(self, story: str = "deploy.py", *arguments: str, bundle: bool = True) -> Changes:
        """What a preview lists."""
        plan = self._json(story, "--dry", *arguments, bundle=bundle)["plan"]
        listed = {one["name"]: {*one["hosts_with_change"], *one["hosts_with_conditional_change"]} for one in plan}
        return {name: hosts for name, hosts in listed.items() if hosts}

    def changed(self, story: str = "deploy.py", *arguments: str, bundle: bool = True) -> Changes:
        """What a run has changed."""
        operations = self._json(story, "-y", *arguments, bundle=bundle)["results"]["operations"]
        assert len(operations) > (20 if story == "deploy.py" else 0)
        return {one["name"]: set(one["success"]) for one in operations if one["success"]}

    def _json(self, *arguments: str, bundle: bool) -> dict[str, Any]:
        call = ("env", f"ISTHMUS_BUNDLE={int(bundle)}", "pyinfra", "--json", str(self.inventory), *arguments)
        result = self.lab("operator", "--", *call)
        assert result.returncode == 0, result.output[-6000:]
        said: dict[str, Any] = json.loads(result.stdout[result.stdout.index("{") :])
        return said

    def pairs(self) -> list[tuple[Host, Host]]:
        return list(itertools.permutations(self.cluster.hosts, 2))

    def unreachable(self, addresses: dict[str, dict[str, str]]) -> list[str]:
        """Of {from: {to: address}}, the pairs where nothing answers, as text."""
        missing = []
        for source, targets in addresses.items():
            script = "; ".join(
                f"(ping -n -q -c 3 -i 0.3 -W 3 {address} >/dev/null 2>&1 || echo {source}-{name}) & true"
                for name, address in targets.items()
            )
            missing += self.on(source, f"{script}; wait").stdout.split()
        return missing

    def tailnet_addresses(self) -> dict[str, str]:
        return {host.name: self.on(host, "tailscale ip -4").stdout.strip() for host in self.cluster.hosts}


@pytest.fixture(scope="session")
def watched() -> Iterator[set[str]]:
    """Every command line that a process of the lab (on any host, the operator's, the tests' own) shows during the tests."""
    seen: set[str] = set()
    own = Path("/proc/self/ns/net").readlink()

    def is_foreign(name: str) -> bool:
        # Other work on this machine, such as the unit tests of another checkout, has keys of its own.
        at = Path("/proc", name)
        return (
            (at / "ns" / "net").readlink() == own
            and os.getsid(int(name)) != os.getsid(0)
            and not (at / "cwd").readlink().is_relative_to(PROJECT)
        )

    stop = threading.Event()

    def watch() -> None:
        # A process becomes another program soon after its start, or seldom: it is read at each of its first ten scans, then at each tenth.
        ages: dict[str, int] = {}
        while not stop.wait(0.02):
            ages = {name: ages.get(name, -1) + 1 for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208 (three times as fast)
            for name in (name for name, age in ages.items() if age < 10 or age % 10 == 0):
                try:
                    line = Path("/proc", name, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    if not (SECRETS.search(line) and is_foreign(name)):
                        seen.add(line)
                except OSError:
                    continue

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield seen
    stop.set()
    thread.join()


def rehearsal(inventory: Path, run: str, watched: set[str], *options: str) -> Iterator[Rehearsal]:
    """A fresh lab of that inventory, taken down at the end; with ISTHMUS_KEEP set it is left, and used by the next run. `options` are for `up`."""
    world = Rehearsal(inventory, run)
    if not os.environ.get("ISTHMUS_KEEP"):
        world.lab("down")
        # A measurement of another run must not be taken for this one's.
        (PROJECT / "build" / "verify.json").unlink(missing_ok=True)
    world.command_lines = watched
    # A cold cache is filled first: with two versions of everything that took 45 minutes on two processors with other work beside.
    world.must("up", *options, timeout=5400)
    try:
        yield world
    finally:
        if not os.environ.get("ISTHMUS_KEEP"):
            world.lab("down")
