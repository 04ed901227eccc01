"""Measure pod to pod against host to host: throughput and latency, with both pod networks (routed, vxlan)."""

from __future__ import annotations

import argparse
import json
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from typing import Any

from bench import labs, machine, measure, results
from bench.labs import Lab
from cluster.model import Cluster, Host
from lab.polling import step, wait_until

NETWORKS = ("routed", "vxlan")
IMAGE = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1"
MARK = "sleep 987654321"  # the pods' command, by which their network namespaces are found on the hosts
NAMESPACE = "isthmus-bench"
PORT = 5201
SECONDS = 3
PINGS = 20
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
MANIFEST = f"""apiVersion: v1
kind: Namespace
metadata: {{name: {NAMESPACE}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: pods, namespace: {NAMESPACE}}}
spec:
  selector: {{matchLabels: {{app: bench}}}}
  template:
    metadata: {{labels: {{app: bench}}}}
    spec:
      terminationGracePeriodSeconds: 0
      tolerations: [{{operator: Exists}}]
      containers:
        - {{name: bench, image: "{IMAGE}", command: {json.dumps(MARK.split())}}}
"""
POD = f"$(pgrep -fx '{MARK}')"
IN_POD = f"nsenter --net --target {POD}"


@dataclass(frozen=True)
class Pair:
    """A sending and a receiving node, of two sites or of one."""

    sender: Host
    receiver: Host

    @property
    def name(self) -> str:
        """The sites, and in parentheses the hosts."""
        return f"{self.sender.site.site}–{self.receiver.site.site} ({self.sender.name} to {self.receiver.name})"

    @property
    def plain(self) -> str | None:
        """The receiver's address without the tailnet: the LAN address within a site, else the public one; None without one."""
        if self.sender.site == self.receiver.site:
            return str(self.receiver.lan_address)
        address = self.receiver.internet_address
        return str(address) if address else None


def pairs(cluster: Cluster) -> list[Pair]:
    """A pair of nodes for each pair of sites, and within each site with two nodes. A node behind a NAT sends."""
    nodes = {site.site: [node for node in cluster.hosts_of(site) if node.is_node] for site in cluster.sites}
    found = []
    for one, other in combinations_with_replacement([name for name, held in nodes.items() if held], 2):
        if one == other:
            found += [Pair(*pair) for pair in list(combinations(nodes[one], 2))[:1]]
        else:
            ends = sorted((nodes[one][-1], nodes[other][-1]), key=lambda node: node.internet_address is not None)
            found.append(Pair(*ends))
    return found


def part(given: argparse.Namespace) -> None:
    """Measure with each pod network in turn, then deploy as declared."""
    repeat = 1 if given.quick else max(5, given.repeat)
    with labs.use_lab(given.run, given.inventory, given.keep) as lab:
        labs.converge(lab)
        chosen = pairs(lab.world.cluster)
        begun = machine.load()
        found: dict[str, Any] = {}
        try:
            for network in NETWORKS:
                with step(f"deploying with pod_network = {network}"):
                    lab.operator(lab.pyinfra("-y", "--data", f"pod_network={network}"))
                with pods(lab) as addresses, servers(lab, chosen):
                    found[network] = measure_network(lab, network, chosen, addresses, repeat)
        finally:
            with step("deploying as declared"):
                lab.operator(lab.pyinfra("-y"))
        settings = {"seconds": SECONDS, "pings": PINGS, "repeat": repeat, "pairs": [pair.name for pair in chosen]}
        load = {"load_around": [begun, machine.load()]}
        results.save("pods", {**settings, "networks": found, **machine.describe(), **load, "command": given.command})


def measure_network(
    lab: Lab, network: str, chosen: Sequence[Pair], addresses: Mapping[str, Mapping[str, str]], repeat: int
) -> dict[str, Any]:
    """Kind → pair → way → samples: throughput in Gbit/s without the links' delay, latency in ms with and without it."""
    found: dict[str, Any] = {"throughput": {}, "latency": {}, "latency without delay": {}}
    for kind, delay in (("throughput", False), ("latency without delay", False), ("latency", True)):
        with labs.delays(lab, 0, between_sites=delay):
            for number in range(repeat):
                with step(f"{network}: {kind}, round {number + 1}"):
                    for pair in chosen:
                        for way, target in ways(pair, addresses).items():
                            value = measure_one(lab, kind, pair, way, target)
                            found[kind].setdefault(pair.name, {}).setdefault(way, []).append(value)
    return found


def ways(pair: Pair, addresses: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Way (plain, tailnet, pods) → the receiver's address."""
    receiver = addresses[pair.receiver.name]
    plain = {"plain": pair.plain} if pair.plain else {}
    return {**plain, "tailnet": receiver["tailnet"], "pods": receiver["pod"]}


def measure_one(lab: Lab, kind: str, pair: Pair, way: str, target: str) -> float:
    """One sample: Gbit/s or ms."""
    inside = f"{IN_POD} " if way == "pods" else ""
    if kind == "throughput":
        output = lab.root(pair.sender.name, f"{inside}iperf3 --json -c {target} -p {PORT} -O 1 -t {SECONDS}")
        return round(float(json.loads(output)["end"]["sum_received"]["bits_per_second"]) / 1e9, 4)
    output = lab.root(pair.sender.name, f"{inside}ping -n -c {PINGS} -i 0.05 {target}")
    return round(statistics.median(map(float, re.findall(r"time=([0-9.]+)", output))), 3)


@contextmanager
def pods(lab: Lab) -> Iterator[dict[str, dict[str, str]]]:
    """Within, every node runs a pod. Host → {"tailnet": its address, "pod": its pod's}."""
    whole = lab.world.cluster
    first, names = whole.control_planes[0].name, [node.name for node in whole.nodes]
    try:
        with step("a pod on every node"):
            lab.root(first, f"{KUBECTL} apply -f - <<'END'\n{MANIFEST}END\n")
            lab.root(first, f"{KUBECTL} -n {NAMESPACE} rollout status daemonset/pods --timeout=180s")
        script = f"tailscale ip -4; {IN_POD} ip -4 -o address show eth0 | sed -E 's/.*inet ([0-9.]+).*/\\1/'"
        yield {name: dict(zip(("tailnet", "pod"), lab.root(name, script).split(), strict=True)) for name in names}
    finally:
        lab.root(first, f"{KUBECTL} delete namespace {NAMESPACE} --ignore-not-found --timeout=120s || true")


@contextmanager
def servers(lab: Lab, chosen: Sequence[Pair]) -> Iterator[None]:
    """Within, iperf3 serves on the hosts and in their pods, and the hosts' packet filters accept its port."""
    hosts = {host.name for pair in chosen for host in (pair.sender, pair.receiver)}
    admit = f"INPUT -p tcp --dport {PORT} -m comment --comment isthmus-bench -j ACCEPT"
    try:
        with step("iperf3 on the hosts, from the lab's mirror of Debian"):
            measure.run_on_hosts(lab, "apt-get -q update >/dev/null", hosts)
            measure.run_on_hosts(
                lab,
                "DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends iperf3 >/dev/null",
                hosts,
            )
            measure.run_on_hosts(
                lab, f"iptables -w -I {admit}; iperf3 -s -D -p {PORT}; {IN_POD} iperf3 -s -D -p {PORT}", hosts
            )
            for pair in chosen:
                wait_until(lambda name=pair.receiver.name: _count_iperf3(lab, name) == 2, 10)  # type: ignore[misc]
        yield
    finally:
        measure.run_on_hosts(lab, f"pkill -x iperf3; iptables -w -D {admit} 2>/dev/null; true", hosts)


def _count_iperf3(lab: Lab, name: str) -> int:
    return int(lab.root(name, "pgrep -cx iperf3 || true"))
