"""The checks of a host's survey before the first change."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from cluster import ports
from cluster.addresses import name_in
from cluster.documents import flannel
from cluster.model import Cluster, Host
from cluster.observed.survey import Survey
from cluster.preflight.leftovers import PUBLISHERS
from cluster.problems import Problem

# Certificates are checked against the clock, and a join fails at a difference of more than five minutes.
CLOCK_SKEW_LIMIT_S = 60
NODE_DISK_MB = 4096
HOST_DISK_MB = 1024
NODE_MEMORY_MB = 700
OURS = (*flannel.LINKS, flannel.INTERFACE, "lo")


def problems(cluster: Cluster, host: Host, found: Survey) -> list[Problem]:
    """All problems of `host` that must be fixed before the deploy."""
    checks = (_system, _clock, _names, _room, _ports, _lan, _foreign_networks)
    return [problem for check in checks for problem in check(cluster, host, found)]


def names_to_resolve(cluster: Cluster, host: Host) -> tuple[str, ...]:
    """The DNS names from which `host` downloads: official names, or the site's mirrors instead."""
    mirrors = host.site.mirrors
    wanted = {cluster.coordination_name}
    if mirrors.tailscale != "push":
        wanted.add(name_in(mirrors.tailscale or "https://pkgs.tailscale.com"))
    if host.is_node:
        wanted |= {name_in(mirrors.kubernetes or "https://pkgs.k8s.io"), name_in(mirrors.files or "https://github.com")}
        if host.runtime_source == "docker":
            wanted.add(name_in(mirrors.docker or "https://download.docker.com"))
        for registry in ("registry.k8s.io", "ghcr.io"):
            wanted |= {name_in(url) for url in mirrors.registries.get(registry, (f"https://{registry}",))}
    return tuple(sorted(wanted))


def listening_ports(cluster: Cluster, host: Host) -> dict[tuple[str, int], tuple[str, ...]]:
    """(protocol, port) → the programs of ours that may hold it."""
    return {(port.protocol, number): port.programs for number, port in ports.of(cluster, host) if port.is_needed}


def _system(cluster: Cluster, host: Host, found: Survey) -> Iterator[Problem]:
    if not found.uses_systemd:
        yield Problem(
            f"{host.name} init",
            "process 1 is not systemd",
            "every service here is a systemd unit",
            "use an image that boots systemd",
        )
    if not found.has_tun:
        yield Problem(
            f"{host.name} /dev/net/tun",
            "there is no /dev/net/tun",
            "tailscale needs it to carry other programs' traffic",
            "load the module tun, or give the container the device",
        )


def _clock(cluster: Cluster, host: Host, found: Survey) -> Iterator[Problem]:
    if abs(found.clock_skew_s) > CLOCK_SKEW_LIMIT_S:
        yield Problem(
            f"{host.name} clock",
            f"it differs from the operator's clock by {found.clock_skew_s:+.0f} s",
            "certificates and join tokens are checked against the clock",
            "set the clock (timedatectl set-ntp true), then run again",
        )


def _names(cluster: Cluster, host: Host, found: Survey) -> Iterator[Problem]:
    for name in found.unresolved:
        why = "tailscale logs in there" if name == cluster.coordination_name else "packages or images come from there"
        yield Problem(
            f"{host.name} DNS",
            f"{name} does not resolve",
            why,
            f"repair /etc/resolv.conf or the DNS record of {name}, or declare a mirror",
        )


def _room(cluster: Cluster, host: Host, found: Survey) -> Iterator[Problem]:
    disk_mb = NODE_DISK_MB if host.is_node else HOST_DISK_MB
    if found.disk_free_mb < disk_mb:
        yield Problem(
            f"{host.name} disk",
            f"{found.disk_free_mb} MB are free on /var",
            f"{'a node' if host.is_node else 'this host'} needs {disk_mb} MB for packages{' and images' if host.is_node else ''}",
            "free some room, or use a larger disk",
        )
    if host.is_node and found.memory_mb < NODE_MEMORY_MB:
        yield Problem(
            f"{host.name} memory",
            f"the host has {found.memory_mb} MB",
            f"kubelet, containerd and the pod network need about {NODE_MEMORY_MB} MB",
            "use a larger machine, or give the host another role",
        )


def _ports(cluster: Cluster, host: Host, found: Survey) -> Iterator[Problem]:
    wanted = listening_ports(cluster, host)
    taken = {
        (listener.protocol, listener.port, listener.process)
        for listener in found.listeners
        if listener.process
        and listener.process not in wanted.get((listener.protocol, listener.port), (listener.process,))
    }
    for protocol, port, process in sorted(taken):
        expected = wanted[protocol, port][0]
        other = next((item for item in PUBLISHERS if process.startswith(item.name.lower())), None)
        yield Problem(
            f"{host.name} port {port}/{protocol}",
            f"{process} listens on it",
            f"{expected} needs it on this host",
            f"uninstall {other.name}, and not only stop it"
            if other
            else f"stop {process}, or configure another port for it",
        )


def _lan(cluster: Cluster, host: Host, found: Survey) -> Iterator[Problem]:
    held = [address for addresses in found.addresses.values() for address in addresses]
    if host.lan_address not in [address.ip for address in held]:
        yield Problem(
            f"{host.name} lan_address",
            f"the host has not {host.lan_address}, but {', '.join(sorted(str(address) for address in held)) or 'no address'}",
            "other hosts reach it by this address",
            "correct lan_address in the inventory",
        )
    for address in held:
        if (
            address.ip == host.lan_address
            and address.network.prefixlen < 32
            and not address.network.subnet_of(host.site.lan)
        ):
            yield Problem(
                f"{host.name} lan",
                f"the host's network is {address.network}, the site declares {host.site.lan}",
                "the declared network is kept local, so neighbours outside it would be reached through the tailnet",
                "declare the network of the host",
            )


def _foreign_networks(cluster: Cluster, host: Host, found: Survey) -> Iterator[Problem]:
    for what, network in (
        ("tailnet_cidr", cluster.tailnet_cidr),
        ("pod_cidr", cluster.pod_cidr),
        ("service_cidr", cluster.service_cidr),
    ):
        for interface, other in _networks_of_others(found):
            if other.overlaps(network):
                yield Problem(
                    f"{host.name} {interface}",
                    f"{other} on {interface} overlaps {what} {network}",
                    "traffic for one would go to the other",
                    f"choose another {what}, or move the network of {interface}",
                )


def _networks_of_others(found: Survey) -> Iterator[tuple[str, IPv4Network]]:
    for interface, addresses in found.addresses.items():
        if interface not in OURS:
            for address in addresses:
                yield interface, address.network
