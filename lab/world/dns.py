"""The world's name server (dnsmasq): it has the world's names, and answers NXDOMAIN for all others."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

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


def configuration(world: WorldPlan, more: Iterable[tuple[str, str]] = ()) -> str:
    """dnsmasq's configuration. `more`: further records, each a name and an IPv4 or IPv6 address."""
    listed = [*((name, str(address)) for name, address in world.records.items()), *more]
    records = "\n".join(f"host-record={name},{address}" for name, address in listed)
    return TEMPLATE.format(address=world.dns, records=records)


def start(lab: Run, world: WorldPlan, more: Iterable[tuple[str, str]] = ()) -> None:
    """Start the name server in the core; `more` as for `configuration`."""
    file = lab.folder / "dnsmasq.conf"
    file.write_text(configuration(world, more))
    lab.start("dns", [shutil.which("dnsmasq") or "dnsmasq", f"--conf-file={file}"], world.core)
