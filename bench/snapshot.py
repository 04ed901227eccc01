"""The files, packages and units of a deployed host, which the floor's script installs (bench/floor.py). Pure.

If an entry is missing here, the results of `bench first` show it: after the scripts, the deploy's preview lists an operation.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

# Shell patterns; a host has the files of its roles.
FILES = (
    "/etc/apt/apt.conf.d/90isthmus",
    "/etc/modules-load.d/isthmus.conf",
    "/etc/sysctl.d/99-isthmus.conf",
    "/etc/apt/keyrings/isthmus-*.gpg",
    "/etc/apt/sources.list.d/isthmus-*.list",
    "/usr/local/lib/isthmus/network",
    "/etc/systemd/system/isthmus-network.service",
    "/etc/systemd/system/isthmus-names.service",
    "/usr/local/lib/isthmus/restore-names",
    "/etc/systemd/networkd.conf.d/isthmus.conf",
    "/etc/sysctl.d/99-isthmus-network.conf",
    "/usr/local/lib/isthmus/host-rules",
    "/etc/systemd/system/isthmus-host-rules.service",
    "/etc/iptables/rules.v4",
    "/etc/headscale/config.yaml",
    "/etc/headscale/derp.yaml",
    "/etc/headscale/policy.hujson",
    "/etc/isthmus/tls/coordination.crt",
    "/etc/isthmus/tls/coordination.key",
    "/etc/nginx/conf.d/isthmus.conf",
    "/etc/nginx/modules-enabled/90-isthmus-api.conf",
    "/etc/sysctl.d/99-isthmus-api.conf",
    "/etc/default/tailscaled",
    "/etc/systemd/system/tailscaled.service.d/20-isthmus.conf",
    "/etc/cloud/cloud.cfg.d/99-isthmus.cfg",
    "/etc/containerd/certs.d/*/hosts.toml",
    "/etc/systemd/system/kubelet.service.d/20-isthmus.conf",
    "/etc/kubernetes/patches/*.yaml",
    "/etc/containerd/config.toml",
)
PACKAGES = (
    "ca-certificates", "curl", "gpg", "iptables", "nftables", "conntrack", "ethtool", "nginx", "libnginx-mod-stream", "certbot",
    "tailscale", "containerd.io", "containerd", "kubeadm", "kubelet", "kubectl", "headscale",
)  # fmt: skip
UNITS = (
    "isthmus-network.service", "isthmus-names.service", "isthmus-host-rules.service", "headscale.service", "nginx.service", "tailscaled.service",
    "containerd.service", "kubelet.service",
)  # fmt: skip
SCRIPT = f"""for path in {" ".join(FILES)}; do
test -f "$path" && echo "file $(stat -L -c "%a %U %G" "$path") $path $(base64 -w 0 "$path")"
done
for package in {" ".join(PACKAGES)}; do
dpkg-query -W -f='${{db:Status-Status}}' $package 2>/dev/null | grep -qx installed && echo "package $package $(dpkg-query -W -f='${{Version}}' $package)"
done
for unit in {" ".join(UNITS)}; do systemctl is-enabled --quiet $unit 2>/dev/null && echo "unit $unit"; done
exit 0
"""


@dataclass(frozen=True)
class File:
    """A file with its access rights, `mode` in octal digits such as 0644."""

    path: str
    mode: str
    owner: str
    group: str
    content: bytes


@dataclass(frozen=True)
class Snapshot:
    """One host's files, packages (name → version) and units, in the order of the lists above."""

    files: list[File] = field(default_factory=list)
    packages: Mapping[str, str] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)


def parse(printed: str) -> Snapshot:
    """Parse the output of SCRIPT."""
    files, packages, units = [], {}, []
    for kind, *fields in (line.split(" ") for line in printed.splitlines()):
        if kind == "file":
            mode, owner, group, path, content = fields
            files.append(File(path, f"0{mode}", owner, group, base64.b64decode(content)))
        elif kind == "package":
            packages[fields[0]] = fields[1]
        else:
            units.append(fields[0])
    return Snapshot(files, packages, units)
