"""The checks of a host's name servers: what pods inherit of them, and which ones the tailnet would cut off."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from cluster import resolvers
from cluster.addresses import TAILSCALE_DNS, TAILSCALE_RANGE
from cluster.model import Cluster, Host
from cluster.observed.resolvers import PLAIN, RESOLVED, Resolvers
from cluster.problems import Problem

MAGIC_DNS = str(TAILSCALE_DNS)


def problems(cluster: Cluster, host: Host, found: Resolvers) -> list[Problem]:
    """All that is wrong with the name servers of a host; pods matter on nodes only."""
    return [
        *_of_the_provider(cluster, host, found),
        *(_of_pods(cluster, host, found) if host.is_node else ()),
        *(_of_search(host, found) if host.is_node else ()),
    ]


def _of_pods(cluster: Cluster, host: Host, found: Resolvers) -> Iterator[Problem]:
    path = resolvers.for_pods(found)
    file = found.files.get(path)
    if file is None:
        yield Problem(
            f"{host.name} {path}",
            "the file is missing, or can't be read",
            "kubelet gives its name servers to pods",
            f"write it: echo nameserver ADDRESS > {path}, with the address of your network's name server",
        )
        return
    bad = resolvers.unusable(found, file)
    if bad:
        named = ", ".join(server for server in bad if server != "-")
        yield Problem(
            f"{host.name} {path}",
            f"pods can't use its name server{'s' if len(bad) > 1 else ''} {named}" if named else "it names no server",
            f"{'; '.join(dict.fromkeys(bad.values()))}: CoreDNS fails, and pods resolve nothing",
            _fix(host, found),
        )


def _fix(host: Host, found: Resolvers) -> str:
    own = str(host.lan_address)
    others = (
        f"name only servers that other machines reach too, in {PLAIN}, or with systemd-resolved as DNS= in "
        "/etc/systemd/resolved.conf, then: systemctl restart systemd-resolved"
        if RESOLVED in found.files
        else f"name only servers that other machines reach too: echo nameserver ADDRESS > {PLAIN}"
    )
    if {"*", own} & set(found.answered):
        return f"if the name server of this host answers pods too: echo nameserver {own} > {PLAIN}; if not, {others}"
    return others


def _of_the_provider(cluster: Cluster, host: Host, found: Resolvers) -> Iterator[Problem]:
    """A provider's name server in tailscale's range, such as 100.100.2.136 of Alibaba Cloud; not one of a tailnet (MagicDNS)."""
    every = [server for file in found.files.values() for server in file.servers[: resolvers.READ]]
    wrong = [
        server
        for server in dict.fromkeys(every)
        if resolvers.is_tailscales(server) and server != MAGIC_DNS and IPv4Address(server) not in cluster.tailnet_cidr
    ]
    if wrong:
        yield Problem(
            f"{host.name} {PLAIN}",
            f"the name server {', '.join(wrong)} is inside {TAILSCALE_RANGE}",
            "tailscale's client drops packets from that range that come by another way: after joining, no name resolves",
            f"use a name server outside of it, such as one of the provider for the public: echo nameserver ADDRESS > {PLAIN}",
        )
    elif MAGIC_DNS in every:
        yield Problem(
            f"{host.name} {PLAIN}",
            f"the name server {MAGIC_DNS} is that of another tailnet (MagicDNS)",
            "it ends when the host joins this tailnet, and pods can't ask it",
            f"on {host.name}: tailscale set --accept-dns=false",
        )


def _of_search(host: Host, found: Resolvers) -> Iterator[Problem]:
    if found.wildcards:
        yield Problem(
            f"{host.name} {PLAIN}",
            f"every name resolves below the search domain {', '.join(found.wildcards)}",
            "pods inherit search domains, and ask below them first: names of the internet would lead there",
            "take the domain out of the search line, or the wildcard out of its zone",
        )
