"""The files of a backup, its manifest, and its check against the declared cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from cluster.model import Cluster
from cluster.problems import Problem
from cluster.semver import minor

FORMAT = 1
MANIFEST = "manifest.json"
ETCD, PKI, HEADSCALE = "etcd.age", "pki.age", "headscale.age"
# This file marks a control plane or coordinator with an unfinished restore, which would otherwise look like an empty machine.
UNDER_WAY = "/var/lib/isthmus/restoring"
# The values of `only=` for a restore.
CLUSTER, TAILNET = "cluster", "tailnet"
_WHY = "etcd's content and every kubelet depend on this value"


@dataclass(frozen=True)
class Manifest:
    """The description of a backup, without secrets.

    `made`: time in UTC (ISO 8601). `kubernetes`, `headscale`: versions. `declared`: the settings on which etcd's content depends.
    `addresses`: host name → tailnet address. `files`: file name → sha256 of the encrypted file, in hexadecimal digits.
    """

    cluster: str
    made: str
    kubernetes: str
    headscale: str
    control_planes: tuple[str, ...]
    declared: Mapping[str, str]
    addresses: Mapping[str, str]
    files: Mapping[str, str]

    def text(self) -> str:
        """The manifest as JSON, as it is written."""
        return f"{json.dumps({'format': FORMAT, **asdict(self)}, indent=2, sort_keys=True)}\n"


def parse(text: str) -> Manifest:
    """The manifest from its text. Raises ValueError if it is no manifest, or of another format."""
    try:
        found = json.loads(text)
        if found.pop("format") != FORMAT:
            raise ValueError("it was written by another version of this program")
        return Manifest(**{**found, "control_planes": tuple(found["control_planes"])})
    except (TypeError, KeyError, AttributeError, json.JSONDecodeError):
        raise ValueError("it is no manifest of a backup") from None


def machine(host: str) -> str:
    """Name of the file with tailscale's state of `host`."""
    return f"machine-{host}.age"


def declared(cluster: Cluster) -> dict[str, str]:
    """The settings on which the content of etcd, or the state of every kubelet, depends."""
    names = ("tailnet_cidr", "pod_cidr", "service_cidr", "dns_domain", "api_port")
    return {name: str(getattr(cluster, name)) for name in names} | {"api_name": cluster.api_endpoint_name}


def incompatibilities(manifest: Manifest, cluster: Cluster, where: str) -> list[Problem]:
    """Why the backup can't be restored to the declared cluster. `where`: the argument that named the backup."""
    found = list(_differences(manifest, cluster, where))
    if lacking := [name for name in (ETCD, PKI, HEADSCALE) if name not in manifest.files]:
        found.append(
            Problem(
                where,
                f"it lacks {', '.join(lacking)}",
                "a restore needs all of them",
                "name another backup, or a complete copy of this one",
            )
        )
    first = cluster.control_planes[0].name
    if first not in manifest.control_planes:
        found.append(
            Problem(
                f"{first} roles",
                f"the first control plane of the inventory is none in the backup, which has {', '.join(manifest.control_planes)}",
                "etcd is restored on it, with the name and address that the backup has for it",
                f"give the new machine the old name, or list {manifest.control_planes[0]} first",
            )
        )
    for key, running, wanted in (
        ("kubernetes_version", manifest.kubernetes, cluster.kubernetes_version),
        ("headscale_version", manifest.headscale, cluster.headscale_version),
    ):
        if minor(running) != minor(wanted):
            found.append(
                Problem(
                    key,
                    f"the inventory declares {wanted}, but the backup is of {running}",
                    "minor versions store their data differently",
                    f'write {key} = "{running}", restore, then upgrade',
                )
            )
    return found


def _differences(manifest: Manifest, cluster: Cluster, where: str) -> Iterator[Problem]:
    if manifest.cluster != cluster.cluster_name:
        yield Problem(
            where,
            f"it is a backup of {manifest.cluster}, not of {cluster.cluster_name}",
            "the restore would replace one cluster by another",
            "use the inventory of that cluster, or name another backup",
        )
    for key, now in declared(cluster).items():
        before = manifest.declared.get(key, "")
        if before != now:
            yield Problem(
                key, f"the inventory declares {now}, but the backup has {before}", _WHY, f'write {key} = "{before}"'
            )
