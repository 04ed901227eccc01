"""The mirror of a lab: what its publishers are asked for, and its process in the world's core."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import mirror
from lab.failures import LabError
from lab.polling import wait_until
from lab.world import acme
from lab.world.plan import WorldPlan
from lab.world.state import Run

READY_SECONDS = 30


def wanted(world: WorldPlan, architectures: tuple[str, ...], also: Sequence[tuple[str, str]]) -> mirror.Wanted:
    """What publishers are asked for: the declared versions and `also` (part, version), for the releases of the hosts."""
    others = [world.cluster.model_copy(update={f"{part}_version": version}) for part, version in also]
    from_docker = [host for host in world.hosts if host.host.is_node and host.host.runtime_source == "docker"]
    return mirror.Wanted(
        (world.cluster, *others),
        architectures,
        tuple(sorted({host.release for host in world.hosts})),
        tuple(sorted({host.release for host in from_docker})),
    )


def start(lab: Run, world: WorldPlan, tree: Path, choice: mirror.Choice) -> None:
    """Start the mirror on the addresses of its names, and wait until it listens."""
    ca, key = mirror.certificates.make_ca(lab.folder / "ca")
    ready, log = lab.folder / "mirror.ready", lab.folder / "requests.jsonl"
    elsewhere = (mirror.ACME,) if acme.is_enabled(lab) else ()
    names = {name: str(address) for name, address in world.names.items() if name not in elsewhere}
    config: dict[str, object] = {"names": names, "ca_cert": str(ca), "ca_key": str(key), "log": str(log)}
    config |= {"ready": str(ready), "view": str(choice.view or ""), "roots": choice.roots}
    config_file = lab.folder / "mirror.json"
    config_file.write_text(json.dumps(config, indent=1))
    command = [
        sys.executable,
        "-m",
        "lab.mirror",
        "serve",
        "--tree",
        str(tree),
        "--netns",
        world.core,
        "--config",
        str(config_file),
    ]
    process = lab.start("mirror", command)
    if not wait_until(lambda: ready.exists() or process.poll() is not None, READY_SECONDS) or not ready.exists():
        output = (lab.folder / "mirror.log").read_text().strip()
        raise LabError("mirror", "does not start", output[-800:] or "no output", f"see {lab.folder}/mirror.log")
