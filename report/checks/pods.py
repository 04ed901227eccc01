"""Pods of the probe: paths from node to node, large packets, DNS, services, and CoreDNS' name servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cluster import mtu
from cluster.observed.probe import PodsMeasured
from report import trace
from report.checks.groups import IMAGES, NETWORK, NODE, OTHER_NODES, PROGRAMS, ROUTES
from report.findings import Deviation, View, check, deviation
from report.measurement import Evidence

PROBE = ("pods",)


@check("coredns-upstream", depends_on=(*NODE, "node-not-ready", *IMAGES), anywhere=OTHER_NODES, needs=PROBE)
def upstream(view: View) -> Iterator[Deviation]:
    """CoreDNS has no name server to ask."""
    pods, api = view.measured.pods or PodsMeasured(), view.measured.api
    for waiting in (api and api.waiting) or ():
        if waiting.name.startswith("coredns") and waiting.reason == "CrashLoopBackOff":
            yield deviation(
                waiting.node,
                f"CoreDNS keeps stopping: {waiting.message or waiting.reason}",
                "the resolv.conf that kubelet gives it contains no usable name server, or CoreDNS itself",
                f"on {waiting.node}: cat $(sed -n 's/^resolvConf: *//p' /var/lib/kubelet/config.yaml)",
                _evidence(view, waiting.node, "resolvers"),
            )
    for host in view.nodes():
        if host.resolvers == ():
            yield deviation(
                host.name,
                "the resolv.conf that kubelet gives pods contains no name server",
                "CoreDNS on this node has no name server for names of the internet",
                f"on {host.name}: put a nameserver into the file given as resolvConf in /var/lib/kubelet/config.yaml",
                host.evidence.get("resolvers"),
            )
    for name, answered in pods.upstream.items():
        if not answered and pods.dns.get(name):
            yield deviation(
                name,
                f"a pod there resolves services, but not {view.cluster.coordination_name}",
                "CoreDNS gets no answer from the name servers of the node that it runs on",
                "kubectl -n kube-system logs -l k8s-app=kube-dns; look for SERVFAIL and i/o timeout",
                _evidence(view, name, "resolvers"),
            )


@check(
    "pod-path",
    depends_on=(
        *PROGRAMS,
        *NETWORK,
        "tailnet-down",
        "path-blocked",
        *ROUTES,
        "node-not-ready",
        *IMAGES,
        "node-address",
    ),
    anywhere=("headscale-health",),
    needs=PROBE,
)
def path(view: View) -> Iterator[Deviation]:
    """A pod on one node does not reach a pod on another."""
    pods = view.measured.pods
    if pods is None:
        return
    names = _nodes(view)
    idle = [name for name in names if name not in pods.own]
    for name in idle:
        yield deviation(
            name,
            "the probe has no pod there",
            pods.note or "its pod did not start in time, or did not answer",
            "kubectl get nodes; kubectl get events --all-namespaces | tail",
            _evidence(view, name, "units"),
        )
    for name in (name for name in names if name not in idle):
        for other in (other for other in names if other not in (name, *idle)):
            if not pods.paths.get(name, {}).get(other):
                yield _broken(view, name, other)


def _broken(view: View, name: str, other: str) -> Deviation:
    hop = trace.first_failing(view, name, other)
    return deviation(
        (name, other),
        f"a pod on {name} does not reach one on {other}: {hop.place}",
        hop.reason,
        hop.fix,
        *hop.evidence,
        caused_by=(hop.host,) if hop.host else (),
    )


@check(
    "pod-large-packet",
    depends_on=(*NETWORK, "tailnet-down", "path-blocked", *ROUTES, "node-not-ready", "pod-path"),
    needs=PROBE,
)
def large(view: View) -> Iterator[Deviation]:
    """Pods on two nodes exchange a short answer, but not a megabyte."""
    pods, size = view.measured.pods or PodsMeasured(), view.cluster.tailnet_mtu - mtu.PING_BYTES
    for name, answers in pods.large.items():
        for other, answered in answers.items():
            if not answered and pods.paths.get(name, {}).get(other):
                yield deviation(
                    (name, other),
                    f"a pod on {name} gets a short answer from one on {other}, but no megabyte",
                    "packets above some size are lost on the way: an MTU is too large, or the MSS clamp is missing",
                    f"on both: nft list table inet isthmus_mss; ip link show tailscale0; on {name}: ping -M do -s {size} {other}",
                    _evidence(view, name, "large"),
                )


@check(
    "dns-pod",
    depends_on=(*NODE, *IMAGES, "service-ip"),
    anywhere=(*OTHER_NODES, "pod-path", "coredns-upstream"),
    needs=PROBE,
)
def dns(view: View) -> Iterator[Deviation]:
    """A pod on the node can't resolve a service's name."""
    yield from _single(
        view,
        "dns",
        "a pod there can't resolve a service's name",
        "CoreDNS does not run, or is out of reach from this node",
        "kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide; kubectl -n kube-system logs -l k8s-app=kube-dns",
    )


@check("service-ip", depends_on=(*NODE, *IMAGES), anywhere=(*OTHER_NODES, "pod-path", "coredns-upstream"), needs=PROBE)
def service(view: View) -> Iterator[Deviation]:
    """A pod on the node gets no answer from a service's address."""
    yield from _single(
        view,
        "service",
        "a pod there gets no answer from a service's address",
        "kube-proxy's rules are missing there, or the pods behind the service are out of reach",
        "kubectl -n kube-system get pods -l k8s-app=kube-proxy -o wide",
    )


def _single(view: View, key: str, what: str, why: str, fix: str) -> Iterator[Deviation]:
    pods = view.measured.pods or PodsMeasured()
    answers: Mapping[str, bool] = getattr(pods, key)
    for name in _nodes(view):
        if name in pods.own and not answers.get(name):
            yield deviation(name, what, why, fix, _evidence(view, name, "services"))


def _nodes(view: View) -> list[str]:
    asked = {host.name for host in view.measured.hosts}
    return [host.name for host in view.cluster.nodes if host.name in asked]


def _evidence(view: View, name: str, what: str) -> Evidence | None:
    return view.measured.host(name).evidence.get(what) if view.has(name) else None
