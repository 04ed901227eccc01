"""The name server of a world: it knows the world's names, and says of all others that they don't exist."""

from __future__ import annotations

import shutil

from lab.world.plan import WorldPlan
from lab.world.state import Run

TEMPLATE = """bind-interfaces
listen-address={address}
no-resolv
no-hosts
no-poll
keep-in-foreground
user=root
pid-file=
address=/#/
{records}
"""


def configuration(world: WorldPlan) -> str:
    """dnsmasq's configuration."""
    records = "\n".join(f"host-record={name},{address}" for name, address in world.records.items())
    return TEMPLATE.format(address=world.dns, records=records)


def start(place: Run, world: WorldPlan) -> None:
    """Start it in the internet's core."""
    file = place.folder / "dnsmasq.conf"
    file.write_text(configuration(world))
    place.start("dns", [shutil.which("dnsmasq") or "dnsmasq", f"--conf-file={file}"], world.core)
