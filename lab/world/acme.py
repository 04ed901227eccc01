"""An ACME server (pebble) at the name of Let's Encrypt."""

from __future__ import annotations

import json
from pathlib import Path

from lab.commands import inside
from lab.failures import LabError
from lab.mirror import ACME, certificates
from lab.polling import wait_until
from lab.world.plan import WorldPlan
from lab.world.state import Run

# pebble's directory; Let's Encrypt's is /directory.
DIRECTORY = f"https://{ACME}/dir"
MANAGEMENT = 15000
VALID_S = 90 * 24 * 3600
READY_SECONDS = 30


def start(lab: Run, world: WorldPlan, program: Path) -> None:
    """Start the server in the core. Its root certificate is new each time; `trusted_certificates` has it from then on."""
    folder = lab.folder / "acme"
    folder.mkdir()
    ca, key = certificates.make_ca(lab.folder / "ca")
    shown, private, config = folder / "server.crt", folder / "server.key", folder / "pebble.json"
    certificates.sign(ca, key, [ACME], shown, private)
    config.write_text(json.dumps({"pebble": _settings(str(world.names[ACME]), shown, private)}, indent=1))
    # Without PEBBLE_VA_NOSLEEP, pebble sleeps some seconds before each validation.
    command: list[str | Path] = [
        "env",
        "PEBBLE_VA_NOSLEEP=1",
        program,
        "-config",
        config,
        "-dnsserver",
        f"{world.dns}:53",
    ]
    lab.start("acme", command, world.core)
    if not wait_until(lambda: bool(_root(world, ca)), READY_SECONDS):
        raise LabError("acme", "does not start", "it serves no root certificate", f"see {lab.folder}/acme.log")
    (folder / "trusted.crt").write_text(f"{ca.read_text().strip()}\n{_root(world, ca)}\n")


def trusted_certificates(lab: Run) -> Path:
    """The file of the certificates (PEM) that the operator and all hosts trust, in addition to the system's."""
    file = lab.folder / "acme" / "trusted.crt"
    return file if file.is_file() else lab.folder / "ca" / "ca.crt"


def is_enabled(lab: Run) -> bool:
    """Whether this lab has an ACME server."""
    return (lab.folder / "acme").is_dir()


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
    """The server's root certificate (PEM); empty while it does not answer."""
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
