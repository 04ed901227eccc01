"""An authority that gives certificates by ACME, at the name where Let's Encrypt does."""

from __future__ import annotations

import json
from pathlib import Path

from lab.commands import inside
from lab.failures import LabError
from lab.mirror import ACME, certificates
from lab.polling import wait_until
from lab.world.plan import WorldPlan
from lab.world.state import Run

# pebble has it there; Let's Encrypt at /directory.
DIRECTORY = f"https://{ACME}/dir"
MANAGEMENT = 15000
VALID_S = 90 * 24 * 3600
READY_SECONDS = 30


def start(place: Run, world: WorldPlan, program: Path) -> None:
    """Start it in the internet's core. Its root is a new one each time; `trusted` has it from then on."""
    folder = place.folder / "acme"
    folder.mkdir()
    ca, key = certificates.make_ca(place.folder / "ca")
    shown, private, config = folder / "server.crt", folder / "server.key", folder / "pebble.json"
    certificates.sign(ca, key, [ACME], [], shown, private)
    config.write_text(json.dumps({"pebble": _settings(str(world.names[ACME]), shown, private)}, indent=1))
    # Without it, it waits for some seconds, as if it were far away, before it looks at what it is shown.
    command: list[str | Path] = [
        "env",
        "PEBBLE_VA_NOSLEEP=1",
        program,
        "-config",
        config,
        "-dnsserver",
        f"{world.dns}:53",
    ]
    place.start("acme", command, world.core)
    if not wait_until(lambda: bool(_root(world, ca)), READY_SECONDS):
        raise LabError("acme", "does not start", "it gives no root certificate", f"see {place.folder}/acme.log")
    (folder / "trusted.crt").write_text(f"{ca.read_text().strip()}\n{_root(world, ca)}\n")


def trusted_certificates(place: Run) -> Path:
    """The certificates (PEM) that the operator and all hosts trust beside the system's."""
    file = place.folder / "acme" / "trusted.crt"
    return file if file.is_file() else place.folder / "ca" / "ca.crt"


def is_enabled(place: Run) -> bool:
    """Whether this lab has it."""
    return (place.folder / "acme").is_dir()


def _settings(address: str, certificate: Path, key: Path) -> dict[str, object]:
    return {
        "listenAddress": f"{address}:443",
        "managementListenAddress": f"{address}:{MANAGEMENT}",
        "certificate": str(certificate),
        "privateKey": str(key),
        "httpPort": 80,
        "tlsPort": 443,
        "profiles": {"default": {"description": "as Let's Encrypt's", "validityPeriod": VALID_S}},
    }


def _root(world: WorldPlan, ca: Path) -> str:
    """Its root certificate; empty while it does not answer."""
    way = f"{ACME}:{MANAGEMENT}"
    words: list[str | Path] = [
        "curl",
        "-sf",
        "--max-time",
        "5",
        "--cacert",
        ca,
        "--resolve",
        f"{way}:{world.names[ACME]}",
    ]
    return inside(world.core, [*words, f"https://{way}/roots/0"], check=False).strip()
