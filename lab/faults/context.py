"""Where a fault happens, and what is kept until it is healed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.commands import run
from lab.failures import LabError
from lab.world import hosts
from lab.world.plan import HostPlan, SitePlan, WorldPlan
from lab.world.state import Run

Target = Literal["host", "site", ""]


@dataclass(frozen=True)
class Scene:
    """A fault's place in a lab; `host` or `site` is the target, whichever the fault has."""

    place: Run
    world: WorldPlan
    name: str
    given_host: HostPlan | None = None
    given_site: SitePlan | None = None

    @property
    def host(self) -> HostPlan:
        """The target of a fault of a host."""
        if self.given_host is None:
            raise self.refused("has no host", "it is caused on one host")
        return self.given_host

    @property
    def site(self) -> SitePlan:
        """The target of a fault of a site, or the site of the host."""
        if self.given_site is None:
            return self.world.site(self.host.host.site.site)
        return self.given_site

    @property
    def coordinator(self) -> HostPlan:
        """The host that runs headscale."""
        return self.world.host(self.world.cluster.coordinator.name)

    @property
    def target(self) -> str:
        """The name of the host or site; empty where the fault has none."""
        thing = self.given_host or self.given_site
        return thing.name if thing else ""

    @property
    def table(self) -> str:
        """The nftables table, in the network of a router, that this fault has for itself there."""
        own = f"_{self.given_host.port}" if self.given_host else ""
        return f"fault_{self.name.replace('-', '_')}{own}"

    @property
    def mark(self) -> str:
        """The comment of this fault's iptables rules: by it they are found again."""
        return f"lab:{self.name}"

    @property
    def memory(self) -> Path:
        """What was there before; goes with the run."""
        return self.place.folder / "faults" / "-".join(filter(None, [self.name, self.target]))

    def remember(self, text: str) -> None:
        """Keep that until the fault is healed."""
        self.memory.parent.mkdir(exist_ok=True)
        self.memory.write_text(text)

    def recall(self) -> str:
        """What was kept; empty if nothing was."""
        return self.memory.read_text() if self.memory.exists() else ""

    def refused(self, what: str, why: str) -> LabError:
        """The fault can't be caused there."""
        return LabError(
            f"fault {self.name}", what, why, "`python -m lab break --list` shows the faults and where each one happens"
        )


@dataclass(frozen=True)
class Fault:
    """What happens in one line, where, and how it is undone. `undo` may meet a host that has booted since, or half of the fault."""

    text: str
    target: Target
    apply: Callable[[Scene], None]
    undo: Callable[[Scene], None]


def on_host(scene: Scene, script: str, host: HostPlan | None = None) -> str:
    """What a shell script says that runs on the host as root, up to its first failure."""
    there = host or scene.host
    if not hosts.is_on(scene.place, there):
        raise LabError(
            f"host {there.name}", "is off", f"{scene.name} is caused and healed on a host that runs",
            f"python -m lab power on {there.name}",
        )  # fmt: skip
    return run(hosts.attached(scene.place, there, ["sh", "-eu", "-c", script]))
