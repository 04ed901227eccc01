"""The floor of a first deploy: one shell script per host, from the model and from what a deployed host has. Pure."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench.snapshot import Snapshot
from cluster import sources
from cluster.documents import flannel, host_names, kubeadm, routes
from cluster.install_plan import KubeletSettings
from cluster.model import Cluster, Host
from cluster.observed import nodes
from lab.world.state import PROJECT

PUSHED = "/run/isthmus-tailscale.deb"
FLAGS = (
    "--accept-routes=true --accept-dns=false --snat-subnet-routes=false --stateful-filtering=false --netfilter-mode=on"
)
WORKLOADS = (
    ("kube-flannel", "daemonset/kube-flannel-ds"),
    ("kube-system", "daemonset/kube-proxy"),
    ("kube-system", "deployment/coredns"),
)
_TEMPLATES = Environment(
    loader=FileSystemLoader([Path(__file__).parent, PROJECT / "templates"]), undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """The values that all scripts of a run share. `contents`: path → bytes that replace a deployed host's file."""

    cluster: Cluster
    decisions: Mapping[str, KubeletSettings]
    token: str
    architecture: str
    contents: Mapping[str, bytes]
    trust: sources.Pins


def script(plan: Plan, name: str, found: Snapshot) -> str:
    """The script of a host; `found`: its snapshot after a deploy."""
    whole, host = plan.cluster, plan.cluster.host(name)
    first = whole.control_planes[0]
    downloads = [_headscale(plan, host), _plugins(plan, host)]
    return _TEMPLATES.get_template("floor.sh.j2").render(
        host=host,
        first=first,
        files=_files(plan, found),
        packages=_packages(found, host),
        held=[package for package in ("containerd.io", "kubeadm", "kubelet", "kubectl") if package in found.packages],
        downloads=[download for download in downloads if download],
        pushed=PUSHED if host.site.mirrors.tailscale == "push" else "",
        plugins=_plugins(plan, host),
        units=found.units,
        images=_images(whole, host),
        tag=routes.TAG,
        server_url=whole.server_url,
        flags=f"--hostname={name} {FLAGS}",
        routes=",".join(map(str, routes.advertised(whole, host))),
        names=_names(whole, host),
        kubeadm=_kubeadm(plan, host) if host.is_node else "",
        manifest=_manifest(whole),
        routed=whole.pod_network == "routed",
        nodes=[node.name for node in whole.nodes],
        everybody=[member.name for member in whole.hosts],
        node_settings=list(_node_settings(whole)),
        workloads=WORKLOADS,
    )


def _files(plan: Plan, found: Snapshot) -> list[dict[str, str]]:
    return [
        {
            "path": file.path,
            "mode": file.mode,
            "owner": file.owner,
            "group": file.group,
            "content": base64.encodebytes(plan.contents.get(file.path, file.content)).decode().strip(),
        }
        for file in found.files
    ]


def _packages(found: Snapshot, host: Host) -> list[str]:
    """All of them in one transaction, in the versions that the deploy installed."""
    is_pushed = host.site.mirrors.tailscale == "push"
    files = {"headscale": "/run/isthmus-headscale.deb", **({"tailscale": PUSHED} if is_pushed else {})}
    return [files.get(name, f"{name}={version}") for name, version in found.packages.items()]


def _manifest(whole: Cluster) -> str:
    """flannel's, as the deploy applies it."""
    return _TEMPLATES.get_template("pod_network/flannel.yaml.j2").render(**flannel.manifest_values(whole))


def _headscale(plan: Plan, host: Host) -> dict[str, str] | None:
    if not host.is_coordinator:
        return None
    source = sources.headscale(plan.cluster, host.site, plan.trust, plan.architecture)
    return {"url": source.url, "path": "/run/isthmus-headscale.deb"}


def _plugins(plan: Plan, host: Host) -> dict[str, str] | None:
    if not host.is_node:
        return None
    source = sources.cni_plugins(plan.cluster, host.site, plan.trust, plan.architecture)
    return {"url": source.url, "path": "/run/isthmus-cni.tgz", "listed": f"{source.official_url} {source.sha256}"}


def _images(whole: Cluster, host: Host) -> list[str]:
    """Images that are needed early, pulled in the background. kubeadm pulls the control plane's other ones."""
    if not host.is_node:
        return []
    version = f"v{whole.kubernetes_version}"
    own = ("kube-apiserver", "kube-controller-manager", "kube-scheduler") if host.is_control_plane else ()
    values = flannel.manifest_values(whole)
    return [
        *(f"registry.k8s.io/{name}:{version}" for name in (*own, "kube-proxy")),
        values["image"],
        values["plugin_image"],
    ]


def _names(whole: Cluster, host: Host) -> str:
    """Lines of the hosts file with placeholders for the addresses."""
    addresses = {member.name: f"@ADDRESS-{member.name}@" for member in whole.hosts}
    return "\n".join(
        f"{address} {' '.join(known)}" for address, known in host_names.entries(whole, host, addresses).items()
    )


def _kubeadm(plan: Plan, host: Host) -> str:
    address = f"@ADDRESS-{host.name}@"
    if host == plan.cluster.control_planes[0]:
        return kubeadm.init(plan.cluster, host, {host.name: address}, plan.decisions, plan.token)
    admission = kubeadm.JoinCredentials(plan.token, ("@CA@",))
    return kubeadm.join(plan.cluster, host, address, plan.decisions[host.name], admission)


def _node_settings(whole: Cluster) -> list[str]:
    """The arguments of kubectl that set the nodes' labels and taints."""
    calls = []
    for node in whole.nodes:
        wanted = nodes.settings(node)
        calls.append(
            ["label", "node", node.name, "--overwrite", *(f"{key}={value}" for key, value in wanted.labels.items())]
        )
        if wanted.taints:
            calls.append(["taint", "node", node.name, "--overwrite", *wanted.taints])
    return [shlex.join(call) for call in calls]
