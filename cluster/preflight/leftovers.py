"""The checks for Kubernetes of before: what it left would be used in the place of ours, or mixed with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from cluster.documents import flannel
from cluster.model import Cluster, Host
from cluster.observed.leftovers import Leftovers
from cluster.observed.survey import Survey
from cluster.problems import Problem

FLANNEL_FILE = flannel.CNI_CONFIG.rpartition("/")[2]
RUNTIME = "/run/containerd/containerd.sock"
OF_A_NODE = ("kubeadm", "kubelet", "kubectl", "crictl", "ctr", "containerd", "containerd-shim-runc-v2", "runc")
# Links of other pod networks that have an address: Calico, Cilium, Weave, kube-router, IPVS, Antrea, the DNS cache of a node.
LINKS_OF_OTHERS = (
    "vxlan.calico",
    "tunl0",
    "cilium_host",
    "weave",
    "kube-bridge",
    "kube-ipvs0",
    "antrea-gw0",
    "nodelocaldns",
)
# Of them, what an add-on of a cluster of ours may have made: NodeLocal DNSCache, and kube-proxy in its mode ipvs.
LINKS_OF_ADD_ONS = ("nodelocaldns", "kube-ipvs0")


@dataclass(frozen=True)
class Publisher:
    """A distribution of Kubernetes. `traces`: parts of paths by which it is known; `uninstall`: its own way, if it brings no script."""

    name: str
    traces: tuple[str, ...]
    uninstall: str
    script: str = ""


PUBLISHERS = (
    Publisher(
        "k3s", ("/k3s", "/etc/rancher"), "run `rm -rf /etc/rancher /var/lib/rancher`, and restart the host", "k3s"
    ),
    Publisher("RKE2", ("/rke2",), "run `rm -rf /etc/rancher /var/lib/rancher`, and restart the host", "rke2"),
    Publisher("k0s", ("/k0s",), "run `k0s stop; k0s reset`, and restart the host"),
    Publisher("MicroK8s", ("/microk8s",), "run `snap remove --purge microk8s`, and restart the host"),
)
_KUBEADM = ("/etc/kubernetes/", "/var/lib/etcd", "/var/lib/kubelet")
_OVERRIDES = ("/etc/systemd/system/", "/usr/local/lib/systemd/")


def programs(host: Host) -> tuple[str, ...]:
    """Names of the programs that the deploy brings to `host` and that are called by their names."""
    return ("tailscale", *(("headscale",) if host.is_coordinator else ()), *(OF_A_NODE if host.is_node else ()))


def problems(
    cluster: Cluster, host: Host, survey: Survey, found: Leftovers, settled: Mapping[str, str]
) -> list[Problem]:
    """What stands in the way on `host`. `settled`: the settings of the cluster that it belongs to, as in `immutable`."""
    is_ours = found.ours or settled.get("endpoint") == f"{cluster.api_endpoint_name}:{cluster.api_port}"
    others = _programs(host, found, is_ours)
    if host.is_node:
        others += [*_cni(host, found, is_ours), *_links(cluster, host, survey, is_ours), *_rules(cluster, host, found)]
        # On a node of ours, kubelet has run with these settings since they were written.
        others += [] if is_ours else [*_settings(host, found), *_kubeadm(host, found)]
    publishers = [item for item in PUBLISHERS if host.is_node and _traces(item, found)]
    if not publishers:
        return list(others)
    # The publisher's own removal ends most of the rest: what is left is named by the next run.
    named = {trace for item in publishers for trace in _traces(item, found)}
    places = [problem.where.removeprefix(f"{host.name} ") for problem in others]
    rest = ", ".join(dict.fromkeys(place for place in places if place not in named))
    return [_of_publisher(host, item, found, rest) for item in publishers]


def _traces(publisher: Publisher, found: Leftovers) -> list[str]:
    held = [*found.uninstallers, *found.states, *(path for path, target in found.programs if _is_of(publisher, target))]
    named = [path for path in held if _is_of(publisher, path) or path in dict(found.programs)]
    if publisher.name == "k3s":
        # /etc/rancher is shared with RKE2.
        named = [path for path in named if "rke2" not in path and (path != "/etc/rancher" or not _has(found, "/rke2"))]
    return list(dict.fromkeys(named))


def _has(found: Leftovers, part: str) -> bool:
    return any(part in path for path in (*found.uninstallers, *found.states))


def _is_of(publisher: Publisher, path: str) -> bool:
    return any(trace in path for trace in publisher.traces)


def _of_publisher(host: Host, publisher: Publisher, found: Leftovers, rest: str) -> Problem:
    scripts = [path for path in found.uninstallers if publisher.script and f"/{publisher.script}-" in path]
    return Problem(
        f"{host.name} {publisher.name}",
        f"{publisher.name} is on this host, running or stopped: {', '.join(_traces(publisher, found))}{f'; with it {rest}' if rest else ''}",
        "its programs, network and packet filter rules would be used beside ours, or in their place",
        f"if it is not needed: {' and '.join(f'run {path}' for path in scripts) or publisher.uninstall}; else use another host",
    )


def _programs(host: Host, found: Leftovers, is_ours: bool) -> list[Problem]:
    return [
        Problem(
            f"{host.name} {path}",
            f"it stands in PATH before the program that the deploy installs{f', and leads to {target}' if target != path else ''}",
            "our commands would run it instead, with its own settings",
            f"mv {path} {path}.old",
        )
        for path, target in found.programs
        # An administrator's own kubectl on a node of ours asks the same API.
        if not (is_ours and path == target and path.endswith("/kubectl"))
    ]


def _cni(host: Host, found: Leftovers, is_ours: bool) -> Iterator[Problem]:
    has_flannel = FLANNEL_FILE in found.cni
    for name in found.cni:
        if name == FLANNEL_FILE or (has_flannel and name > FLANNEL_FILE):
            continue
        # Multus, an add-on, calls flannel's itself.
        if has_flannel and is_ours and "multus" in name:
            continue
        when = "before flannel's" if name < FLANNEL_FILE else "until flannel has written its own"
        yield Problem(
            f"{host.name} /etc/cni/net.d/{name}",
            f"containerd would use this network {when}",
            "it takes the first file by name, and pods would get addresses that no other node reaches",
            f"mv /etc/cni/net.d/{name} /etc/cni/net.d/{name}.disabled",
        )


def _links(cluster: Cluster, host: Host, survey: Survey, is_ours: bool) -> Iterator[Problem]:
    for link, addresses in survey.addresses.items():
        foreign = [address for address in addresses if not address.network.subnet_of(cluster.pod_cidr)]
        is_expected = is_ours and link in LINKS_OF_ADD_ONS
        if (link in flannel.LINKS and foreign) or (link in LINKS_OF_OTHERS and not is_expected):
            # The kernel keeps this one as long as its module is loaded.
            removal = "modprobe -r ipip" if link == "tunl0" else f"ip link delete {link}"
            yield Problem(
                f"{host.name} {link}",
                f"the link of another pod network is there, with {', '.join(map(str, foreign or addresses))}",
                f"pods get addresses of pod_cidr {cluster.pod_cidr}, and CNI refuses a bridge that has another",
                f"remove the pod network that made it, then: {removal}",
            )


def _rules(cluster: Cluster, host: Host, found: Leftovers) -> Iterator[Problem]:
    foreign = [address for address in found.services if IPv4Address(address) not in cluster.service_cidr]
    if foreign:
        yield Problem(
            f"{host.name} packet filter",
            f"it has rules of another cluster's kube-proxy, with the API at {', '.join(foreign)}",
            "they lead packets to pods that no longer exist",
            "restart the host, which ends them",
        )


def _kubeadm(host: Host, found: Leftovers) -> Iterator[Problem]:
    states = [path for path in found.states if path.startswith(_KUBEADM)]
    if states:
        yield Problem(
            f"{host.name} kubeadm",
            f"an earlier cluster left {', '.join(states)}",
            "kubeadm would refuse these files, or use the authority of that cluster",
            f"if that cluster is not needed: kubeadm reset --force; without kubeadm: rm -rf {' '.join(states)}",
        )


def _settings(host: Host, found: Leftovers) -> Iterator[Problem]:
    if found.crictl and not found.crictl.endswith(RUNTIME):
        yield Problem(
            f"{host.name} /etc/crictl.yaml",
            f"it names the runtime {found.crictl}",
            f"crictl would ask that one, not containerd at {RUNTIME}",
            "mv /etc/crictl.yaml /etc/crictl.yaml.old",
        )
    for path in dict.fromkeys(path for path, _ in found.settings if "isthmus" not in path):
        line = next(line for other, line in found.settings if other == path)
        unit = path.rpartition("/")[2]
        away = f"mv {path} {path}.old{'; systemctl daemon-reload' if path.startswith(_OVERRIDES) else ''}"
        yield Problem(
            f"{host.name} {path}",
            f"it masks {unit}" if line == "masked" else f"it sets {line}",
            "kubelet or containerd of the deploy would start with it, or not at all",
            f"systemctl unmask {unit}" if line == "masked" else away,
        )
    for variable in found.variables:
        yield Problem(
            f"{host.name} environment",
            f"logins get {variable}",
            "our commands would ask that runtime",
            f"remove {variable.partition('=')[0]} from /etc/environment, or from the login files of {host.ssh_user}",
        )
