"""The operator's machine: a namespace on the internet, a home folder with an SSH key, trust in the lab's CA, kubectl."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from lab.commands import run
from lab.mirror import certificates
from lab.world import acme
from lab.world.plan import HostPlan, WorldPlan
from lab.world.state import Run

SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# OpenSSH finds a home folder by the user's entry, not by HOME.
WRAPPER = '#!/bin/sh\nexec {program} -F {config} "$@"\n'
NAMESPACE_FILES = Path("/etc/netns")


def home(lab: Run) -> Path:
    """The operator's home folder."""
    return lab.folder / "operator"


def prepare(lab: Run, world: WorldPlan, trust: dict[str, dict[str, str]], kubectl: Path) -> None:
    """Create everything that the operator has before the first deploy."""
    ca, key = certificates.make_ca(lab.folder / "ca")
    (home(lab) / ".ssh").mkdir(parents=True, mode=0o700)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", ssh_key(lab)])
    write_ssh_config(lab, world)
    install_tools(lab, kubectl)
    system = SYSTEM_BUNDLE.read_text() if SYSTEM_BUNDLE.exists() else ""
    ca_bundle(lab).write_text(system + acme.trusted_certificates(lab).read_text())
    write_resolv_conf(lab, world)
    write_trust(lab, world, trust, ca, key)


def ssh_key(lab: Run) -> Path:
    """The operator's private SSH key."""
    return home(lab) / ".ssh" / "id_ed25519"


def ca_bundle(lab: Run) -> Path:
    """The certificates that the operator's programs trust."""
    return home(lab) / "ca-bundle.crt"


def write_ssh_config(lab: Run, world: WorldPlan) -> None:
    """Write the operator's SSH configuration."""
    (home(lab) / ".ssh" / "config").write_text(ssh_config(lab, world))


def ssh_config(lab: Run, world: WorldPlan) -> str:
    """A block for each host, so that `ssh NAME` works, and one for all hosts."""
    folder = home(lab) / ".ssh"
    common = [
        "Host *",
        f"  IdentityFile {ssh_key(lab)}",
        "  IdentitiesOnly yes",
        "  StrictHostKeyChecking accept-new",
        f"  UserKnownHostsFile {folder / 'known_hosts'}",
        "  LogLevel ERROR",
    ]
    return "\n".join([*(line for host in world.hosts for line in _block(host)), *common, ""])


def _block(host: HostPlan) -> list[str]:
    declared = host.host
    return [
        f"Host {host.name}",
        f"  HostName {declared.ssh_hostname}",
        f"  Port {declared.ssh_port}",
        f"  User {declared.ssh_user}",
    ]


def forget_host_key(lab: Run, host: HostPlan) -> None:
    """Remove a replaced host's key from known_hosts, so that the operator accepts the next one."""
    known, declared = home(lab) / ".ssh" / "known_hosts", host.host
    names = (declared.ssh_hostname, f"[{declared.ssh_hostname}]:{declared.ssh_port}")
    for name in names if known.exists() else ():
        run(["ssh-keygen", "-q", "-R", name, "-f", known])


def install_tools(lab: Run, kubectl: Path) -> None:
    """Install kubectl, and wrappers of OpenSSH's programs with the operator's configuration."""
    folder = home(lab) / "bin"
    folder.mkdir()
    (folder / "kubectl").symlink_to(kubectl)
    for name in ("ssh", "scp", "sftp"):
        wrapper = folder / name
        wrapper.write_text(WRAPPER.format(program=shutil.which(name), config=home(lab) / ".ssh" / "config"))
        wrapper.chmod(0o755)


def write_resolv_conf(lab: Run, world: WorldPlan) -> None:
    """Write the resolv.conf that `ip netns exec` mounts for programs in the operator's namespace."""
    folder = NAMESPACE_FILES / world.operator_namespace
    lab.record("folder", str(folder))
    folder.mkdir(parents=True)
    (folder / "resolv.conf").write_text(f"nameserver {world.dns}\n")


def write_trust(lab: Run, world: WorldPlan, trust: dict[str, dict[str, str]], ca: Path, key: Path) -> None:
    """Write trust.json: the certificate, keys and hashes that replace the declared ones in this lab."""
    if acme.is_enabled(lab):
        shown: dict[str, object] = {"acme": acme.DIRECTORY}
    else:
        certificate, private = lab.folder / "coordination.crt", lab.folder / "coordination.key"
        certificates.sign(ca, key, [world.cluster.coordination_name], certificate, private)
        shown = {"certificate": {"certificate": str(certificate), "key": str(private)}}
    (lab.folder / "trust.json").write_text(json.dumps({**trust, **shown, "ca": str(ca)}, indent=1))


def environment(lab: Run) -> dict[str, str]:
    """The operator's environment: the caller's without its proxies, with the operator's home, PATH and certificates."""
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    path = f"{home(lab) / 'bin'}:{Path(sys.executable).parent}:{kept.get('PATH', os.defpath)}"
    trusted = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), str(ca_bundle(lab)))
    return {
        **kept,
        **trusted,
        "HOME": str(home(lab)),
        "PATH": path,
        "ISTHMUS_TRUST": str(lab.folder / "trust.json"),
    }


def command(world: WorldPlan, words: list[str]) -> list[str]:
    """The command line that runs `words` as the operator."""
    return ["ip", "netns", "exec", world.operator_namespace, *words]
