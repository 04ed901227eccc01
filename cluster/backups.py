"""What a backup is: its files, its manifest, and whether it fits the cluster that is declared."""

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
# On a control plane or a coordinator while a restore is under way there: half of one would look like an empty machine.
UNDER_WAY = "/var/lib/isthmus/restoring"
# What `only=` may say to a restore.
CLUSTER, TAILNET = "cluster", "tailnet"
_WHY = "what is brought back would not be understood, or would name what is no more"


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself; it holds no secret.

    `declared`: the settings that etcd's content depends on. `addresses`: host → its address in the tailnet.
    `files`: name → sha256 of the encrypted file, in hexadecimal digits.
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
        """As it is written."""
        return f"{json.dumps({'format': FORMAT, **asdict(self)}, indent=2, sort_keys=True)}\n"


def parse(text: str) -> Manifest:
    """The manifest in a file; ValueError where it is none, or of another format."""
    try:
        found = json.loads(text)
        if found.pop("format") != FORMAT:
            raise ValueError("it was written by another version of this program")
        return Manifest(**{**found, "control_planes": tuple(found["control_planes"])})
    except (TypeError, KeyError, AttributeError, json.JSONDecodeError):
        raise ValueError("it is no manifest of a backup") from None


def machine(host: str) -> str:
    """The file that makes `host` the machine that it was in the tailnet."""
    return f"machine-{host}.age"


def declared(cluster: Cluster) -> dict[str, str]:
    """The settings that what etcd holds, or what every kubelet holds, depends on."""
    names = ("tailnet_cidr", "pod_cidr", "service_cidr", "dns_domain", "api_port")
    return {name: str(getattr(cluster, name)) for name in names} | {"api_name": cluster.api_endpoint_name}


def incompatibilities(manifest: Manifest, cluster: Cluster, where: str) -> list[Problem]:
    """Why the backup can't be brought back to that cluster."""
    found = list(_differences(manifest, cluster, where))
    if lacking := [name for name in (ETCD, PKI, HEADSCALE) if name not in manifest.files]:
        found.append(
            Problem(
                where,
                f"it lacks {', '.join(lacking)}",
                "half a cluster is none",
                "name another backup, or a whole copy",
            )
        )
    first = cluster.control_planes[0].name
    if first not in manifest.control_planes:
        found.append(
            Problem(
                f"{first} roles",
                f"the first control plane of the inventory was none when the backup was made: {', '.join(manifest.control_planes)}",
                "etcd is brought back on it, under the name and address that the cluster knows",
                f"give the new machine the old name, or put {manifest.control_planes[0]} first",
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
                    f"the inventory declares {wanted}; the backup is of {running}",
                    "another minor version keeps its data in another way",
                    f'write {key} = "{running}", restore, then upgrade',
                )
            )
    return found


def _differences(manifest: Manifest, cluster: Cluster, where: str) -> Iterator[Problem]:
    if manifest.cluster != cluster.cluster_name:
        yield Problem(
            where,
            f"it is a backup of {manifest.cluster}, not of {cluster.cluster_name}",
            "one cluster would be replaced by another",
            "name the right inventory, or another backup",
        )
    for key, now in declared(cluster).items():
        before = manifest.declared.get(key, "")
        if before != now:
            yield Problem(
                key, f"the inventory declares {now}; the backup is of {before}", _WHY, f'write {key} = "{before}"'
            )
