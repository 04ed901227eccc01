"""A fault's target in a lab, and the state it saves until it is healed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.commands import run
from lab.failures import LabError
from lab.polling import wait_until
from lab.world import hosts
from lab.world.plan import HostPlan, SitePlan, WorldPlan
from lab.world.state import Run

Target = Literal["host", "site", ""]


@dataclass(frozen=True)
class Context:
    """A fault's run, world and target: a host, a site, or neither."""

    lab: Run
    world: WorldPlan
    name: str
    given_host: HostPlan | None = None
    given_site: SitePlan | None = None

    @property
    def host(self) -> HostPlan:
        """The target host; LabError if the fault has none."""
        if self.given_host is None:
            raise self.error("has no host", "it happens on one host")
        return self.given_host

    @property
    def site(self) -> SitePlan:
        """The target site, or the target host's site."""
        if self.given_site is None:
            return self.world.site(self.host.host.site.site)
        return self.given_site

    @property
    def coordinator(self) -> HostPlan:
        """The host that runs headscale."""
        return self.world.host(self.world.cluster.coordinator.name)

    @property
    def gateway(self) -> HostPlan:
        """The host that ends TLS in front of headscale."""
        return self.world.host(self.world.cluster.gateway.name)

    @property
    def target(self) -> str:
        """The name of the target; empty if the fault has none."""
        thing = self.given_host or self.given_site
        return thing.name if thing else ""

    @property
    def table(self) -> str:
        """The name of this fault's own nftables table on a router."""
        own = f"_{self.given_host.port}" if self.given_host else ""
        return f"fault_{self.name.replace('-', '_')}{own}"

    @property
    def mark(self) -> str:
        """The comment of this fault's iptables rules, by which healing finds them."""
        return f"lab:{self.name}"

    @property
    def saved_file(self) -> Path:
        """The file with the state from before the fault; removed with the run."""
        return self.lab.folder / "faults" / "-".join(filter(None, [self.name, self.target]))

    def save(self, text: str) -> None:
        """Save state until the fault is healed."""
        self.saved_file.parent.mkdir(exist_ok=True)
        self.saved_file.write_text(text)

    def saved(self) -> str:
        """The saved state; empty if there is none."""
        return self.saved_file.read_text() if self.saved_file.exists() else ""

    def settles(self, condition: Callable[[], bool], seconds: float, host: HostPlan | None = None) -> bool:
        """Wait until a condition holds that depends on a host (default: the target); False if it does not in time.

        An emulated machine has more time.
        """
        there = host or self.host
        return wait_until(condition, seconds * hosts.kind(there).slowness(self.lab, there), interval=1)

    def error(self, what: str, why: str) -> LabError:
        """The error for a fault that is not possible here."""
        return LabError(
            f"fault {self.name}", what, why, "`python -m lab break --list` shows the faults and where each one happens"
        )


@dataclass(frozen=True)
class Fault:
    """A fault: one line of text, its kind of target, and how it is caused and undone.

    `undo` must also work if the host has booted since, and if the fault was caused by half.
    """

    text: str
    target: Target
    apply: Callable[[Context], None]
    undo: Callable[[Context], None]


def on_host(context: Context, script: str, host: HostPlan | None = None) -> str:
    """Run a shell script (`sh -eu`) on a host as root; gives its standard output."""
    there = host or context.host
    if not hosts.is_on(context.lab, there):
        raise LabError(
            f"host {there.name}", "is off", f"{context.name} needs a running host",
            f"python -m lab power on {there.name}",
        )  # fmt: skip
    return run(hosts.attach_command(context.lab, there, ["sh", "-eu", "-c", script]))
