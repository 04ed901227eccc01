"""Which finding explains which: causes come first, and what they cause stands below them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cluster.problems import Problem
from report.findings import Finding

_TUNNEL = ("path-blocked", "path-relayed", "lan-path", "pod-path", "pod-large-packet")
_ROUTES = ("route-not-advertised", "route-not-approved", "route-not-accepted")
_CLUSTER = (
    "node-not-ready",
    "node-address",
    "kube-proxy-rules",
    "coredns-upstream",
    "service-ip",
    "dns-pod",
    "image-pull",
)
_COORDINATION = ("headscale-health", "headscale-unreachable")
_FETCHING = ("mirror-unreachable", "image-pull")
# Cause → what it explains where the two share a host. In the order in which they are told.
EXPLAINS: dict[str, tuple[str, ...]] = {
    "host-unreachable": (*_COORDINATION, "tailnet-down", *_TUNNEL, *_ROUTES, *_CLUSTER),
    "disk-pressure": (*_COORDINATION, "tailnet-down", *_CLUSTER, "pod-path"),
    "clock-skew": (
        *_COORDINATION,
        "tailnet-down",
        "node-not-ready",
        *_FETCHING,
        "certificate-expiry",
        "key-expiry",
    ),
    "certificate-expiry": (*_COORDINATION, "tailnet-down", *_CLUSTER, "pod-path"),
    "lan-overlap": (*_COORDINATION, *_TUNNEL, *_CLUSTER),
    "foreign-reject-rule": (*_COORDINATION, *_TUNNEL, *_CLUSTER),
    "mtu-black-hole": (*_COORDINATION, *_FETCHING, *_TUNNEL, *_CLUSTER),
    "dns-host": (*_COORDINATION, "tailnet-down", *_FETCHING, *_CLUSTER, "path-blocked", "path-relayed"),
    "headscale-health": (
        "tailnet-down",
        "headscale-unreachable",
        "path-blocked",
        "path-relayed",
        "lan-path",
        "pod-path",
        *_ROUTES,
    ),
    "tailnet-down": (*_TUNNEL, *_ROUTES, *_CLUSTER),
    "path-blocked": ("headscale-unreachable", "lan-path", "pod-path", "pod-large-packet", "node-not-ready", *_ROUTES),
    "headscale-unreachable": _ROUTES,
    "path-relayed": (),
    "route-not-advertised": ("route-not-approved", "route-not-accepted", "lan-path", "pod-path", "pod-large-packet"),
    "route-not-approved": ("route-not-accepted", "lan-path", "pod-path", "pod-large-packet"),
    "route-not-accepted": ("lan-path", "pod-path", "pod-large-packet", "node-not-ready"),
    "vcn-next-hop": ("lan-path",),
    "lan-path": (),
    "version-skew": ("node-not-ready",),
    "node-not-ready": (
        "node-address",
        "kube-proxy-rules",
        "coredns-upstream",
        "pod-path",
        "pod-large-packet",
        "image-pull",
    ),
    "mirror-unreachable": ("image-pull",),
    "image-architecture": ("coredns-upstream", "kube-proxy-rules", "pod-path", "service-ip", "dns-pod"),
    "image-pull": ("coredns-upstream", "kube-proxy-rules", "pod-path", "service-ip", "dns-pod"),
    "node-address": ("pod-path",),
    "kube-proxy-rules": ("coredns-upstream", "service-ip", "dns-pod"),
    "coredns-upstream": ("dns-pod",),
    "pod-path": ("pod-large-packet",),
    "pod-large-packet": (),
    "service-ip": ("dns-pod",),
    "dns-pod": (),
    "exposed-port": (),
    "cgroup-exception": (),
    "key-expiry": (),
    "drift": (),
}
# These depend on pods that may run on any node: a cause on another node explains them too.
EVERYWHERE = ("coredns-upstream", "service-ip", "dns-pod")
EVERYWHERE_CAUSES = (
    "host-unreachable", "disk-pressure", "foreign-reject-rule", "tailnet-down", "path-blocked", "route-not-advertised",
    "route-not-approved", "route-not-accepted", "node-not-ready", "image-pull", "pod-path", "coredns-upstream",
)  # fmt: skip
# Every host depends on the coordinator.
GLOBAL = ("headscale-health",)
# What a deploy would change is explained by whatever is wrong there and a deploy would mend.
NOT_MENDED = ("path-relayed", "exposed-port", "drift")


def explains(cause: Finding, other: Finding) -> bool:
    """Whether `other` follows from `cause`. Two findings about pairs must be about the same two hosts."""
    if cause.severity == "warning" or other.severity == "warning":
        return False
    shared = set(cause.hosts) & set(other.hosts)
    if other.check == "drift":
        return (bool(shared) or cause.check in GLOBAL) and cause.check not in NOT_MENDED
    if other.check in EVERYWHERE and cause.check in EVERYWHERE_CAUSES:
        return cause.check != other.check
    if other.check not in EXPLAINS[cause.check]:
        return False
    if cause.check in GLOBAL:
        return True
    both_pairs = len(cause.hosts) > 1 and len(other.hosts) > 1
    return set(cause.hosts) == set(other.hosts) if both_pairs else bool(shared)


def folded(findings: Sequence[Finding]) -> list[Finding]:
    """The causes, each with all that follows from it, directly or by another."""
    order = list(EXPLAINS)
    ranked = sorted(findings, key=lambda finding: order.index(finding.check))
    roots: dict[int, int] = {}
    for place, finding in enumerate(ranked):
        by = next((earlier for earlier in range(place) if explains(ranked[earlier], finding)), None)
        roots[place] = place if by is None else roots[by]
    held: dict[int, list[Finding]] = {}
    for place, root in roots.items():
        held.setdefault(root, []).extend([] if place == root else [ranked[place]])
    return [replace(ranked[root], consequences=tuple(below)) for root, below in held.items()]


def arranged(findings: Sequence[Finding], wanted: set[str]) -> tuple[Finding, ...]:
    """What of it is wanted, causes first, problems before warnings. What is wanted stands by itself where its cause is not."""
    shown: list[Finding] = []
    for root in folded(findings):
        below = [finding for finding in root.consequences if finding.check in wanted]
        if root.check in wanted:
            shown.append(replace(root, consequences=tuple(grouped(below))))
        else:
            shown += [replace(finding, problem=replace(finding.problem, why=_because(root))) for finding in below]
    told = grouped(shown)
    return tuple(sorted(told, key=lambda finding: (finding.severity == "warning", not finding.consequences)))


def grouped(findings: Iterable[Finding]) -> list[Finding]:
    """One finding where many say the same of several hosts or pairs."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        same = finding.problem.why if len(finding.hosts) > 1 else f"{finding.problem.what} {finding.problem.why}"
        groups.setdefault((finding.check, finding.severity, same), []).append(finding)
    return [group[0] if len(group) == 1 else _merged(group) for group in groups.values()]


def _merged(group: Sequence[Finding]) -> Finding:
    first = group[0]
    below = grouped(finding for member in group for finding in member.consequences)
    what = (
        first.problem.what
        if len({member.problem.what for member in group}) == 1
        else f"{first.problem.what} (first of {len(group)})"
    )
    return replace(
        first,
        hosts=tuple(dict.fromkeys(host for member in group for host in member.hosts)),
        problem=Problem(_where(group), what, first.problem.why, first.problem.fix),
        evidence=tuple(dict.fromkeys(said for member in group for said in member.evidence)),
        consequences=tuple(below),
    )


def _where(group: Sequence[Finding]) -> str:
    pairs = [member.hosts for member in group]
    if any(len(pair) != 2 for pair in pairs):
        return ", ".join(dict.fromkeys(member.problem.where for member in group))
    common = [name for name in pairs[0] if all(name in pair for pair in pairs)]
    if not common:
        listed = [f"{one} → {other}" for one, other in pairs]
        return ", ".join(listed[:4]) + (f" and {len(listed) - 4} more" if len(listed) > 4 else "")
    center = common[0]
    others = dict.fromkeys(name for pair in pairs for name in pair if name != center)
    outwards, inwards = ({pair for pair in pairs if pair[at] == center} for at in (0, 1))
    arrow = "↔" if outwards and inwards else "→" if outwards else "←"
    return f"{center} {arrow} {', '.join(others)}"


def _because(root: Finding) -> str:
    return f"{root.check} on {root.problem.where}: {root.problem.what}"
