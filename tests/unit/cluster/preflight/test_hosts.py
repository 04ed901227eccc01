"""Each thing that can stand in the way of a deploy is said, with its place; a good host is not disturbed."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface

import pytest

from cluster.model import Cluster, Host, Site
from cluster.observed.survey import Listener, Survey
from cluster.preflight import hosts

SITE = Site(site="here", lan="10.1.0.0/24", nat="one_to_one")
GATEWAY = Host(name="g", site=SITE, lan_address="10.1.0.1", ssh_hostname="g", roles=("gateway", "coordinator"))
NODE = Host(name="n", site=SITE, lan_address="10.1.0.2", ssh_hostname="n", roles=("control_plane",))
CLUSTER = Cluster(hosts=(GATEWAY, NODE), coordination_name="mesh.example.org")
GOOD = Survey(
    release_id="debian",
    release_version="12",
    codename="bookworm",
    kernel="6.1.0",
    glibc="2.36",
    architecture="arm64",
    cgroup="v2",
    container="",
    memory_mb=12000,
    disk_free_mb=40000,
    clock_skew_s=0.2,
    has_tun=True,
    uses_systemd=True,
    addresses={"lo": (IPv4Interface("127.0.0.1/8"),), "eth0": (IPv4Interface("10.1.0.2/24"),)},
    listeners=(Listener("tcp", 22, "sshd"), Listener("udp", 41641, "tailscaled")),
)


def at(survey: Survey, host: Host = NODE) -> list[str]:
    return [problem.where for problem in hosts.problems(CLUSTER, host, survey)]


def test_a_good_host_has_no_problem() -> None:
    assert at(GOOD) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"clock_skew_s": -400.0}, "n clock"),
        ({"unresolved": ("pkgs.k8s.io",)}, "n DNS"),
        ({"disk_free_mb": 100}, "n disk"),
        ({"memory_mb": 400}, "n memory"),
        ({"has_tun": False}, "n /dev/net/tun"),
        ({"uses_systemd": False}, "n init"),
        ({"listeners": (Listener("tcp", 6443, "haproxy"),)}, "n port 6443/tcp"),
        ({"listeners": (Listener("udp", 41641, "wireguard-go"),)}, "n port 41641/udp"),
        ({"addresses": {"eth0": (IPv4Interface("10.1.0.9/24"),)}}, "n lan_address"),
        ({"addresses": {"eth0": (IPv4Interface("10.1.0.2/16"),)}}, "n lan"),
        ({"addresses": {**GOOD.addresses, "docker0": (IPv4Interface("10.244.1.1/16"),)}}, "n docker0"),
        ({"addresses": {**GOOD.addresses, "wg0": (IPv4Interface("100.64.10.7/24"),)}}, "n wg0"),
    ],
)
def test_each_obstacle_is_named(change: dict[str, object], where: str) -> None:
    assert at(replace(GOOD, **change)) == [where]  # type: ignore[arg-type]


def test_our_own_programs_and_interfaces_are_no_obstacle() -> None:
    running = replace(
        GOOD,
        listeners=(
            Listener("tcp", 6443, "kube-apiserver"),
            Listener("tcp", 10250, "kubelet"),
            Listener("tcp", 2379, "etcd"),
        ),
        addresses={
            **GOOD.addresses,
            "cni0": (IPv4Interface("10.244.0.1/24"),),
            "tailscale0": (IPv4Interface("100.64.10.1/32"),),
        },
    )
    assert at(running) == []


def test_kubernetes_of_others_is_to_be_uninstalled_not_stopped() -> None:
    """Stopped, it would leave its network, its rules and its programs."""
    running = replace(GOOD, listeners=(Listener("tcp", 10250, "k3s-agent"),))
    (problem,) = hosts.problems(CLUSTER, NODE, running)
    assert problem.fix == "uninstall k3s, and not only stop it"


def test_a_socket_whose_program_is_unknown_is_not_judged() -> None:
    assert at(replace(GOOD, listeners=(Listener("tcp", 6443, ""),))) == []


def test_a_32_bit_prefix_says_nothing_of_the_network() -> None:
    """Clouds that route every packet give a host its address alone."""
    assert at(replace(GOOD, addresses={"eth0": (IPv4Interface("10.1.0.2/32"),)})) == []


def test_only_nodes_need_room_for_images() -> None:
    small = replace(GOOD, disk_free_mb=2000, memory_mb=480, addresses={"eth0": (IPv4Interface("10.1.0.1/24"),)})
    assert at(small, GATEWAY) == []


def test_names_follow_the_mirrors_of_the_site() -> None:
    official = hosts.names_to_resolve(CLUSTER, NODE)
    assert {"pkgs.k8s.io", "registry.k8s.io", "ghcr.io", "pkgs.tailscale.com", "mesh.example.org"} <= set(official)
    site = SITE.model_copy(
        update={"mirrors": SITE.mirrors.model_copy(update={"kubernetes": "https://m.example/k", "tailscale": "push"})}
    )
    mirrored = hosts.names_to_resolve(CLUSTER, NODE.model_copy(update={"site": site}))
    assert "m.example" in mirrored
    assert not {"pkgs.k8s.io", "pkgs.tailscale.com"} & set(mirrored)
