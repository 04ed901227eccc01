"""kubeadm's documents (v1beta4), from the model and from facts of the host."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from cluster.install_plan import KubeletSettings
from cluster.model import Cluster, Host

API = "kubeadm.k8s.io/v1beta4"
RUNTIME_SOCKET = "unix:///run/containerd/containerd.sock"
PATCHES = "/etc/kubernetes/patches"
KUBELET_PATCH = f"{PATCHES}/kubeletconfiguration0+merge.yaml"
TOKEN_LIFETIME = "30m0s"  # noqa: S105 (a duration)
TOKEN_MARK = "isthmus"  # noqa: S105 (a description)
CONTAINER_OPEN_FILES = 65536
# In milliseconds. All members of etcd are in one site; these values tolerate a slow disk or a busy neighbour, too.
ETCD = {"heartbeat-interval": "250", "election-timeout": "2500"}
# Longer than the 45 s after which kubelet notices that its connection is dead.
CONTROLLERS = {"node-monitor-grace-period": "60s"}


@dataclass(frozen=True)
class JoinCredentials:
    """The credentials with which a host joins; secret. `authorities`: CA hashes. `certificate_key`: for a control plane, else empty."""

    token: str
    authorities: tuple[str, ...]
    certificate_key: str = ""


def init(
    cluster: Cluster, host: Host, addresses: Mapping[str, str], decisions: Mapping[str, KubeletSettings], token: str
) -> str:
    """The file for `kubeadm init` on `host`. `addresses`: control plane → tailnet address. `decisions`: node → its settings."""
    configuration = {
        "apiVersion": API,
        "kind": "InitConfiguration",
        "bootstrapTokens": [
            {
                "token": token,
                "description": TOKEN_MARK,
                "ttl": TOKEN_LIFETIME,
                "usages": ["signing", "authentication"],
                "groups": ["system:bootstrappers:kubeadm:default-node-token"],
            }
        ],
        "localAPIEndpoint": {"advertiseAddress": addresses[host.name], "bindPort": cluster.api_port},
        "nodeRegistration": _registration(host, addresses[host.name], decisions[host.name]),
        "patches": {"directory": PATCHES},
    }
    return _file(configuration, _cluster(cluster, addresses), _kubelet(), _proxy(cluster, decisions.values()))


def phase(
    cluster: Cluster, host: Host, addresses: Mapping[str, str], known: str, key: str = "", folder: str = ""
) -> str:
    """The file for `kubeadm init phase` on a running cluster: the cluster's current configuration, with all SANs of the API.

    `known`: the ClusterConfiguration that kubeadm stores in the cluster. `key`: key by which upload-certs encrypts the CAs, for
    other control planes, for two hours. `folder`: folder for new certificates; empty: the folder of the current ones.
    """
    configuration: dict[str, Any] = {
        "apiVersion": API,
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": addresses[host.name], "bindPort": cluster.api_port},
        "nodeRegistration": {"criSocket": RUNTIME_SOCKET, "name": host.name},
    }
    if key:
        configuration["certificateKey"] = key
    running = yaml.safe_load(known)
    server = running.setdefault("apiServer", {})
    names = api_names(cluster, cluster.control_planes, addresses)
    server["certSANs"] = list(dict.fromkeys([*(server.get("certSANs") or ()), *names]))
    if folder:
        running["certificatesDir"] = folder
    return _file(configuration, running)


def join(cluster: Cluster, host: Host, address: str, decision: KubeletSettings, credentials: JoinCredentials) -> str:
    """The file for `kubeadm join` on `host`, as a control plane if it is declared one. `address`: its tailnet address."""
    endpoint = f"{cluster.api_endpoint_name}:{cluster.api_port}"
    configuration: dict[str, Any] = {
        "apiVersion": API,
        "kind": "JoinConfiguration",
        "discovery": {
            "bootstrapToken": {
                "token": credentials.token,
                "apiServerEndpoint": endpoint,
                "caCertHashes": list(credentials.authorities),
            }
        },
        "nodeRegistration": _registration(host, address, decision),
        "patches": {"directory": PATCHES},
    }
    if host.is_control_plane:
        configuration["controlPlane"] = {
            "localAPIEndpoint": {"advertiseAddress": address, "bindPort": cluster.api_port},
            "certificateKey": credentials.certificate_key,
        }
    return _file(configuration)


def upgrade(decision: KubeletSettings) -> str:
    """The file for `kubeadm upgrade apply` and `kubeadm upgrade node`: both ignore the same preflight errors as the join, and use the same patch."""
    settings = {
        "ignorePreflightErrors": sorted(decision.ignored_preflight),
        "patches": {"directory": PATCHES},
    }
    return _file({"apiVersion": API, "kind": "UpgradeConfiguration", "apply": settings, "node": settings})


def kubelet_patch(resolver: str, decision: KubeletSettings) -> str:
    """The part of kubelet's configuration that differs between hosts; kubeadm merges it into the cluster's. `resolver`: path of resolv.conf."""
    patch: dict[str, Any] = {"resolvConf": resolver}
    if not decision.fail_cgroup_v1:
        patch["failCgroupV1"] = False
    if decision.restrict_oom_score_adj:
        patch |= {"oomScoreAdj": 0, "maxOpenFiles": CONTAINER_OPEN_FILES}
    return _file(patch)


def parse_join_command(text: str) -> JoinCredentials:
    """The credentials in the output of `kubeadm token create --print-join-command`. Raises ValueError."""
    token = re.search(r"--token\s+([a-z0-9]{6}\.[a-z0-9]{16})\b", text)
    authorities = re.findall(r"--discovery-token-ca-cert-hash\s+(sha256:[0-9a-f]{64})\b", text)
    if not token or not authorities:
        raise ValueError("kubeadm printed no join command")
    return JoinCredentials(token[1], tuple(authorities))


def api_names(cluster: Cluster, hosts: Sequence[Host], addresses: Mapping[str, str]) -> list[str]:
    """The SANs of the API on these hosts: every name and address by which it may be called. `addresses`: host name → tailnet address."""
    names = [cluster.api_endpoint_name, "127.0.0.1", *cluster.api_sans]
    for host in hosts:
        names += [host.name, addresses[host.name], str(host.lan_address)]
        names += [str(host.public_address)] if host.public_address else []
    return list(dict.fromkeys(names))


def _registration(host: Host, address: str, decision: KubeletSettings) -> dict[str, Any]:
    registration: dict[str, Any] = {
        "name": host.name,
        "criSocket": RUNTIME_SOCKET,
        "kubeletExtraArgs": _arguments({"node-ip": address}),
        "ignorePreflightErrors": sorted(decision.ignored_preflight),
    }
    # Without the key, kubeadm taints a control plane; with an empty list it does not.
    if host.taints is not None:
        registration["taints"] = [
            taint.model_dump(exclude_defaults=True) | {"effect": taint.effect} for taint in host.taints
        ]
    return registration


def _cluster(cluster: Cluster, addresses: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "ClusterConfiguration",
        "clusterName": cluster.cluster_name,
        "kubernetesVersion": f"v{cluster.kubernetes_version}",
        "controlPlaneEndpoint": f"{cluster.api_endpoint_name}:{cluster.api_port}",
        "networking": {
            "podSubnet": str(cluster.pod_cidr),
            "serviceSubnet": str(cluster.service_cidr),
            "dnsDomain": cluster.dns_domain,
        },
        "apiServer": {"certSANs": api_names(cluster, cluster.control_planes, addresses)},
        "controllerManager": {"extraArgs": _arguments(CONTROLLERS)},
        "etcd": {"local": {"dataDir": "/var/lib/etcd", "extraArgs": _arguments(ETCD)}},
    }


def _kubelet() -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        # kubelet reads the driver from containerd 2; containerd 1 can't report it.
        "cgroupDriver": "systemd",
    }


def _proxy(cluster: Cluster, decisions: Iterable[KubeletSettings]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clusterCIDR": str(cluster.pod_cidr),
        "metricsBindAddress": "127.0.0.1:10249",
        # The node's primary address is its tailnet address, so node ports are not open on public addresses.
        "nodePortAddresses": ["primary"],
    }
    if any(decision.keeps_conntrack for decision in decisions):
        # All nodes share one configuration, and a container can't write these sysctls.
        document["oomScoreAdj"] = 0
        document["conntrack"] = {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}
    return document


def _arguments(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _file(*documents: Mapping[str, Any]) -> str:
    return "---\n".join(yaml.safe_dump(dict(document), sort_keys=False) for document in documents)
