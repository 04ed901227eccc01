"""The largest packet: what pods send follows from what the tailnet carries, and that from what links carry."""

from __future__ import annotations

import json
from ipaddress import IPv4Interface

from cluster import mtu
from cluster.documents import flannel
from cluster.model import Cluster
from tests.unit.cluster.preflight.test_hosts import CLUSTER, GOOD, NODE


def with_mtu(size: int, kind: str = "routed") -> Cluster:
    return CLUSTER.model_copy(update={"tailnet_mtu": size, "pod_network": kind})


def test_pods_send_what_the_tailnet_carries_and_in_vxlan_fifty_bytes_less() -> None:
    assert [mtu.of_pods(with_mtu(1400, kind)) for kind in ("routed", "vxlan")] == [1400, 1350]
    told = json.loads(flannel.manifest_values(with_mtu(1400, "vxlan"))["cni_conf"])
    assert told["plugins"][0]["delegate"]["mtu"] == 1350
    assert flannel.net_conf(with_mtu(1400, "vxlan"))["Backend"]["MTU"] == 1400


def test_another_mtu_starts_flannel_again() -> None:
    digests = {flannel.manifest_values(with_mtu(size))["digest"] for size in (1280, 1400)}
    assert len(digests) == 2


def test_a_link_that_carries_too_little_for_what_was_declared_is_told() -> None:
    links = {"eth0": 1460, "lo": 65536}

    def where(size: int, links: dict[str, int] | None = links) -> list[str]:
        return [problem.where for problem in mtu.problems(with_mtu(size), NODE, GOOD, links)]

    assert GOOD.addresses["eth0"] == (IPv4Interface("10.1.0.2/24"),)
    assert where(1380) == []
    assert where(1381) == ["n eth0"]
    assert where(1381, None) == []
    # tailscale's own size goes in two pieces where it has to, as without us.
    assert where(1280, {"eth0": 1300}) == []
