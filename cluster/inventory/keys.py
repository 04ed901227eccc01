"""The keys that an operator may write: what each expects, why it matters, and an example; docs/inventory.md has the prose."""

from __future__ import annotations

import re
from typing import NamedTuple

from pydantic.fields import FieldInfo

from cluster.model import ClusterSettings, HostSettings, SiteSettings


class Key(NamedTuple):
    """`expects` completes "write …"; `why` says what depends on it; `example` is as it stands in Python."""

    expects: str
    why: str
    example: str


_NAME = "a name of lower-case letters, digits and hyphens"
_VERSION = "three numbers in quotes, without a v"
_URL = "an address that begins with https:// or http://"
_FETCHED = "the site's hosts fetch from there instead of the official address"
_DISJOINT = "an address must mean one thing everywhere"

KEYS: dict[str, Key] = {
    "roles": Key(
        "any of gateway, coordinator, control_plane, worker", "it decides what runs on the host", '("worker",)'
    ),
    "lan_address": Key(
        "an IPv4 address of the host's own network", "other hosts reach it by this address", '"10.0.0.3"'
    ),
    "public_address": Key(
        "an IPv4 address", "it is where other sites find the host, or its site's router", '"203.0.113.4"'
    ),
    "memory_mb": Key("whole megabytes, 256 or more", "a control plane needs enough, and the lab gives as much", "1024"),
    "lan_routes": Key(
        "a tuple of networks", "machines there become reachable through the host", '("192.168.60.0/24",)'
    ),
    "labels": Key("a mapping of label names to values", "pods choose nodes by them", '{"example.org/disk": "fast"}'),
    "labels.*": Key(
        "a Kubernetes label name with a value", "Kubernetes refuses others", '{"example.org/disk": "fast"}'
    ),
    "taints": Key(
        "a tuple of taints, each with a key and an effect",
        "they keep pods away from the node",
        '({"key": "slow", "effect": "NoSchedule"},)',
    ),
    "taints.key": Key("a Kubernetes label name", "Kubernetes knows a taint by it", '"example.org/slow"'),
    "taints.value": Key("a Kubernetes label value", "Kubernetes refuses others", '"yes"'),
    "taints.effect": Key(
        "NoSchedule, PreferNoSchedule or NoExecute", "Kubernetes knows no other effect", '"NoSchedule"'
    ),
    "runtime_source": Key("docker or distribution", "it decides which containerd is installed", '"docker"'),
    "exceptions": Key(
        "any of container, cgroup-v1, old-release, small-memory",
        "only what is named here is accepted though it is not supported",
        '("cgroup-v1",)',
    ),
    "rehearsal": Key("release and oddities", "the lab builds the host so", '{"release": "trixie"}'),
    "rehearsal.release": Key("bullseye, bookworm or trixie", "the lab has these systems", '"trixie"'),
    "rehearsal.oddities": Key(
        "any of systemd-resolved, swap, foreign-chains, old-containerd", "the lab knows these", '("swap",)'
    ),
    "ssh_hostname": Key("a name or address without port", "the operator's machine connects there", '"203.0.113.4"'),
    "ssh_port": Key("a number from 1 to 65535", "the operator's machine connects there", "2222"),
    "ssh_user": Key("a login name", "the operator's machine logs in by it", '"ubuntu"'),
    "site": Key(_NAME, "hosts of one site share a network", '"home"'),
    "lan": Key("the site's network with its prefix length", "the site's hosts keep it local", '"192.168.9.0/24"'),
    "nat": Key("one_to_one, masquerade or none", "it decides how the site's hosts are reached", '"masquerade"'),
    "fabric": Key("routed or switched", "the lab builds the site's network so", '"switched"'),
    "image": Key("plain or oracle", "the lab's hosts start with that image's firewall", '"oracle"'),
    "delay_ms": Key("a number of milliseconds from 0 to 2000", "the lab's links have this delay, one way", "25"),
    "loss_percent": Key("a percentage from 0 to below 100", "the lab's links lose as much", "1.5"),
    "mirrors": Key(
        "any of kubernetes, docker, tailscale, files, registries", _FETCHED, '{"files": "https://files.m.daocloud.io"}'
    ),
    "mirrors.kubernetes": Key(_URL, _FETCHED, '"https://mirrors.aliyun.com/kubernetes-new/core/stable"'),
    "mirrors.docker": Key(_URL, _FETCHED, '"https://mirrors.aliyun.com/docker-ce"'),
    "mirrors.tailscale": Key(f"{_URL}, or push", _FETCHED, '"push"'),
    "mirrors.files": Key(_URL, _FETCHED, '"https://files.m.daocloud.io"'),
    "mirrors.registries": Key(
        "registry names, each with a tuple of addresses", _FETCHED, '{"ghcr.io": ("https://ghcr.m.daocloud.io",)}'
    ),
    "mirrors.registries.*": Key(
        "a registry name with a tuple of addresses", _FETCHED, '{"ghcr.io": ("https://ghcr.m.daocloud.io",)}'
    ),
    "blocked": Key("a tuple of DNS names", "the deploy must not need what the site can't reach", '("pkgs.k8s.io",)'),
    "cluster_name": Key(_NAME, "it names the cluster in kubeconfigs", '"isthmus"'),
    "coordination_name": Key(
        "a DNS name in lower case that leads to the gateway", "every host logs in to it", '"mesh.example.org"'
    ),
    "coordination_port": Key("a number from 1 to 65535", "every host logs in to it", "443"),
    "certificate": Key(
        "acme, or the paths of certificate and key",
        "hosts log in by TLS",
        '{"certificate": "mesh.crt", "key": "mesh.key"}',
    ),
    "certificate.certificate": Key("the path of a PEM file", "hosts log in by TLS", '"mesh.crt"'),
    "certificate.key": Key("the path of a PEM file", "hosts log in by TLS", '"mesh.key"'),
    "acme_email": Key("an e-mail address", "the certificate authority writes to it", '"operator@example.org"'),
    "tailnet_cidr": Key("a network inside 100.64.0.0/10", "every host gets an address of it", '"100.64.10.0/24"'),
    "tailnet_mtu": Key("whole bytes from 576 to 8920", "it is the largest packet that the tailnet carries", "1420"),
    "pod_cidr": Key("a network with its prefix length", _DISJOINT, '"10.244.0.0/16"'),
    "service_cidr": Key("a network with its prefix length", _DISJOINT, '"10.96.0.0/12"'),
    "pod_network": Key("routed or vxlan", "it decides how pods reach each other", '"routed"'),
    "dns_domain": Key("a DNS name in lower case", "services are named under it", '"cluster.local"'),
    "api_name": Key("a DNS name in lower case", "every kubeconfig points at it", '"api.isthmus.internal"'),
    "api_port": Key("a number from 1 to 65535", "every kubeconfig points at it", "6443"),
    "api_access": Key("a tuple of networks", "the API answers them at its public address", '("198.51.100.7/32",)'),
    "api_sans": Key(
        "a tuple of DNS names and IPv4 addresses", "the API's certificate names them", '("kube.example.org",)'
    ),
    "kubernetes_version": Key(_VERSION, "exactly this version is installed", '"1.36.3"'),
    "headscale_version": Key(_VERSION, "exactly this version is installed", '"0.29.3"'),
    "tailscale_version": Key(_VERSION, "exactly this version is installed", '"1.102.5"'),
    "containerd_version": Key(_VERSION, "exactly this version is installed", '"2.3.7"'),
    "flannel_version": Key(_VERSION, "exactly this version is installed", '"0.28.10"'),
    "cni_plugins_version": Key(_VERSION, "exactly this version is installed", '"1.9.1"'),
}
LEVELS: dict[str, dict[str, FieldInfo]] = {
    "host": HostSettings.model_fields,
    "site": SiteSettings.model_fields,
    "cluster": ClusterSettings.model_fields,
}
# pyinfra's own (its connectors/*.py); everything that begins with an underscore is pyinfra's, or a helper of the operator's.
_SSH = (
    "hostname port user password key key_password allow_agent look_for_keys forward_agent config_file known_hosts_file",
    "strict_host_key_checking paramiko_connect_kwargs connect_retries connect_retry_min_delay connect_retry_max_delay",
    "file_transfer_protocol",
)
_OTHERS = {
    "docker_identifier",
    "docker_platform",
    "docker_architecture",
    "fake_delay",
    "fake_delay_jitter",
    "fake_responses",
}
PYINFRA_KEYS = frozenset(f"ssh_{key}" for line in _SSH for key in line.split()) | _OTHERS
KNOWN = frozenset(key for fields in LEVELS.values() for key in fields) | PYINFRA_KEYS


def key_of(path: str) -> Key:
    """What is known of `mirrors.registries.ghcr.io` or `taints[0].effect`: the entry of its longest beginning."""
    parts = re.sub(r"\[\d+\]", "", path).split(".")
    for length in range(len(parts), 0, -1):
        beginning = ".".join(parts[:length])
        if length < len(parts) and f"{beginning}.*" in KEYS:
            return KEYS[f"{beginning}.*"]
        if beginning in KEYS:
            return KEYS[beginning]
    return Key("something else", "it is checked before any host is contacted", "None")
