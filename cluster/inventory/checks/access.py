"""How the operator's machine gets to each host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any

from cluster.model import Cluster, Host
from cluster.problems import Problem

Data = Mapping[str, Mapping[str, Any]]


def problems(cluster: Cluster, data: Data) -> Iterator[Problem]:
    """One way in to each host, to that host, and as somebody who may become root."""
    yield from _one_way_in(cluster)
    for host in cluster.hosts:
        yield from _own_address(cluster, host)
        yield from _forwarded_port(cluster, host, data[host.name])
        yield from _becomes_root(host, data[host.name])


def _one_way_in(cluster: Cluster) -> Iterator[Problem]:
    first: dict[tuple[str, int, str | None], Host] = {}
    for host in cluster.hosts:
        if host.ssh_hostname is None or host.ssh_port is None:
            continue
        # With files of their own, the same address may be in two networks, each behind its own bastion.
        other = first.setdefault((host.ssh_hostname, host.ssh_port, host.ssh_config_file), host)
        if other != host:
            yield Problem(
                f"{host.name}.ssh_hostname",
                f"{host.ssh_hostname} port {host.ssh_port} leads to {other.name} too",
                "one of the two would be set up twice, the other never",
                "give each host its own address, its own forwarded port in ssh_port, or its own bastion in ssh_config_file",
            )


def _own_address(cluster: Cluster, host: Host) -> Iterator[Problem]:
    try:
        address = IPv4Address(host.ssh_hostname)
    except ValueError:
        return
    if address in (host.public_address, host.lan_address):
        return
    for other in cluster.hosts:
        kind = _owned(host, other, address) if other.name != host.name else ""
        if kind:
            yield Problem(
                f"{host.name}.ssh_hostname",
                f"{address} is the {kind} address of {other.name}",
                f"what is meant for {host.name} would be done to {other.name}",
                f"write the address by which {host.name} is reached",
            )


def _owned(host: Host, other: Host, address: IPv4Address) -> str:
    """As what `other` has the address, as `host`'s way in would meet it; empty if it does not, or if a bastion may lead elsewhere."""
    if other.public_address == address and other.site.nat in ("one_to_one", "none"):
        return "public"
    is_one_network = other.site.site == host.site.site or (host.site.lan is not None and address not in host.site.lan)
    return "LAN" if other.lan_address == address and is_one_network and not host.ssh_config_file else ""


def _forwarded_port(cluster: Cluster, host: Host, written: Mapping[str, Any]) -> Iterator[Problem]:
    others = [
        other.name
        for other in cluster.hosts
        if other.name != host.name
        and (other.ssh_hostname, other.ssh_config_file) == (host.ssh_hostname, host.ssh_config_file)
    ]
    is_router = host.site.nat == "masquerade" and host.ssh_hostname is not None
    if is_router and others and "ssh_port" not in written:
        yield Problem(
            f"{host.name}.ssh_port",
            f"it is not written, and {host.ssh_hostname} is the way to {' and '.join(others)} too",
            "a router forwards one port to each host, and 22 is mostly its own",
            "write the port that the router forwards to this host",
        )


def _becomes_root(host: Host, written: Mapping[str, Any]) -> Iterator[Problem]:
    if host.ssh_user is not None and host.ssh_user != "root" and written.get("_sudo") is not True:
        yield Problem(
            f"{host.name}._sudo",
            f"it is entered as {host.ssh_user}, and _sudo is not True",
            "packages, services and kernel settings need root",
            "write _sudo = True in the group data beside ssh_user, and have the user use sudo without a password",
        )
