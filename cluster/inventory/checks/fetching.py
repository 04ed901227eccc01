"""Sites that can't reach official sources, and the mirrors that stand in for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cluster.addresses import name_in
from cluster.model import Cluster, Host, Site
from cluster.problems import Problem

REGISTRIES = ("registry.k8s.io", "ghcr.io")


def problems(cluster: Cluster) -> Iterator[Problem]:
    """A blocked site has a mirror for each source that its hosts need, and reaches that mirror."""
    for site in cluster.sites:
        yield from _missing(site, cluster.hosts_of(site))
        yield from _blocked_mirrors(site)


def _missing(site: Site, hosts: Sequence[Host]) -> Iterator[Problem]:
    mirrors = site.mirrors
    nodes = [host for host in hosts if host.is_node]
    needs: list[tuple[str, str, bool, object]] = [
        ("kubernetes", "pkgs.k8s.io", bool(nodes), mirrors.kubernetes),
        ("docker", "download.docker.com", any(host.runtime_source == "docker" for host in nodes), mirrors.docker),
        ("tailscale", "pkgs.tailscale.com", True, mirrors.tailscale),
        ("files", "github.com", bool(nodes) or any(host.is_coordinator for host in hosts), mirrors.files),
        *(("registries", name, bool(nodes), mirrors.registries.get(name)) for name in REGISTRIES),
    ]
    for key, name, is_needed, mirror in needs:
        if is_needed and not mirror and site.blocks(name):
            yield _problem(site, key, name)


def _problem(site: Site, key: str, name: str) -> Problem:
    entry = f'"{name}": ("https://…",)' if key == "registries" else '"https://…"'
    also = ', or "push" to send it from the operator\'s machine' if key == "tailscale" else ""
    return Problem(
        f"site {site.site}.mirrors.{key}",
        f"{name} is blocked there, and no mirror is named for it",
        "its hosts install from there",
        f"name one: {key} = {{{entry}}}{also}" if key == "registries" else f"name one: {key} = {entry}{also}",
    )


def _blocked_mirrors(site: Site) -> Iterator[Problem]:
    mirrors = site.mirrors
    named = [(key, getattr(mirrors, key)) for key in ("kubernetes", "docker", "tailscale", "files")]
    named += [(f"registries.{name}", url) for name, urls in mirrors.registries.items() for url in urls]
    for key, url in named:
        host = name_in(url) if url and url != "push" else ""
        if host and site.blocks(host):
            yield Problem(
                f"site {site.site}.mirrors.{key}",
                f"{host} is itself in blocked",
                "a mirror that can't be reached helps nobody",
                "name another mirror, or take the name out of blocked",
            )
