"""Versions that are supported, and that go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cluster import versions
from cluster.accepted_versions import has_older, suggestion, supported_text
from cluster.model import Cluster
from cluster.problems import Problem
from cluster.semver import minor, numbers

ALL = "group_data/all.py"
OLDEST = min(versions.CONTAINERD_FOR)


def problems(cluster: Cluster) -> Iterator[Problem]:
    """Each version by itself, then by the others."""
    yield from _kubernetes(cluster.kubernetes_version, {"containerd": cluster.containerd_version})
    yield from _containerd(cluster)
    yield from _headscale(cluster.headscale_version, {"tailscale": cluster.tailscale_version})
    yield from _tailscale(cluster.tailscale_version, cluster.headscale_version)
    yield from _at_least(
        "flannel_version",
        cluster.flannel_version,
        versions.FLANNEL_LOWEST,
        "its readiness is asked at /readyz, which older ones don't answer",
    )
    why = "older ones don't speak the CNI version that containerd 2 uses"
    yield from _at_least("cni_plugins_version", cluster.cni_plugins_version, versions.CNI_PLUGINS_LOWEST, why)


def _kubernetes(version: str | None, beside: Mapping[str, str]) -> Iterator[Problem]:
    if version is None or minor(version) in versions.CONTAINERD_FOR:
        return
    if minor(version) < OLDEST:
        why = "its support has ended, and it gets no more corrections"
    elif minor(version) == (1, 38):
        why = "it is not released, and drops containerd 1.x and cgroup v1"
    else:
        why = "it is newer than this deploy, and was never tried"
    yield Problem(
        f"{ALL} kubernetes_version",
        f"{version} is not supported; {supported_text('kubernetes')} are",
        why,
        f"write one of them, such as {suggestion('kubernetes', beside)}",
    )


def _containerd(cluster: Cluster) -> Iterator[Problem]:
    version, where = cluster.containerd_version, f"{ALL} containerd_version"
    if version is None or not any(host.is_node and host.runtime_source == "docker" for host in cluster.hosts):
        return
    if minor(version) < (2, 0):
        yield Problem(
            where,
            f"{version} is of the 1.x line, whose support has ended",
            "Docker's repository holds 2.x for current releases",
            f'write "{versions.DEFAULT_CONTAINERD}", or runtime_source = "distribution" for hosts that keep 1.x',
        )
    elif minor(version) > versions.CONTAINERD_NEWEST:
        newest = ".".join(str(part) for part in versions.CONTAINERD_NEWEST)
        yield Problem(
            where, f"{version} is newer than {newest}", "it was never tried", f'write "{versions.DEFAULT_CONTAINERD}"'
        )
    elif cluster.kubernetes_version is not None:
        yield from _containerd_for(version, cluster.kubernetes_version)


def _containerd_for(version: str, kubernetes: str) -> Iterator[Problem]:
    lowest = versions.CONTAINERD_FOR.get(minor(kubernetes))
    if lowest and minor(version) < lowest:
        yield Problem(
            f"{ALL} containerd_version",
            f"{version} does not go with Kubernetes {kubernetes}, which wants {lowest[0]}.{lowest[1]} or newer",
            "containerd's own table names the versions that were tested together",
            f'write "{versions.DEFAULT_CONTAINERD}"{", or an older kubernetes_version" if has_older("kubernetes", version) else ""}',
        )


def _headscale(version: str | None, beside: Mapping[str, str]) -> Iterator[Problem]:
    if version is not None and minor(version) not in versions.TAILSCALE_FOR:
        yield Problem(
            f"{ALL} headscale_version",
            f"{version} is not supported; {supported_text('headscale')} are",
            "the configuration, the policy and the answers of other lines differ",
            f"write one of them, such as {suggestion('headscale', beside)}",
        )


def _tailscale(version: str | None, headscale: str | None) -> Iterator[Problem]:
    where = f"{ALL} tailscale_version"
    if version is None:
        return
    if minor(version)[1] % 2:
        yield Problem(
            where,
            f"{version} is of an unstable line",
            "tailscale's odd minor versions are development builds, and not in the stable repository",
            f'write an even one, such as "{versions.DEFAULT_TAILSCALE}"',
        )
    lowest = versions.TAILSCALE_FOR.get(minor(headscale or ""))
    if lowest and minor(version) < lowest:
        yield Problem(
            where,
            f"{version} does not go with headscale {headscale}, which accepts {lowest[0]}.{lowest[1]} or newer",
            "older clients are refused at login",
            f'write "{versions.DEFAULT_TAILSCALE}"{", or an older headscale_version" if has_older("headscale", version) else ""}',
        )


def _at_least(key: str, version: str | None, lowest: tuple[int, ...], why: str) -> Iterator[Problem]:
    if version is not None and numbers(version) < lowest:
        text = ".".join(str(part) for part in lowest)
        yield Problem(f"{ALL} {key}", f"{version} is older than {text}", why, f"write {text} or newer")
