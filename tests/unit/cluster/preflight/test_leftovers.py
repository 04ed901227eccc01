"""Kubernetes of before is named with its publisher's own removal, and each trace with a command that ends it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface

import pytest

from cluster.observed.leftovers import Leftovers
from cluster.observed.survey import Survey
from cluster.preflight import leftovers
from tests.unit.cluster.preflight.test_hosts import CLUSTER, GATEWAY, GOOD, NODE


def problems(found: Leftovers, survey: Survey = GOOD, host=NODE, settled=None):  # type: ignore[no-untyped-def]
    return leftovers.problems(CLUSTER, host, survey, found, settled or {})


def at(found: Leftovers, survey: Survey = GOOD) -> list[tuple[str, str]]:
    return [(problem.where, problem.fix) for problem in problems(found, survey)]


@pytest.mark.parametrize(
    ("found", "where", "fix"),
    [
        (Leftovers(uninstallers=("/usr/local/bin/k3s-uninstall.sh",)), "n k3s", "run /usr/local/bin/k3s-uninstall.sh"),
        (Leftovers(uninstallers=("/opt/bin/k3s-agent-uninstall.sh",)), "n k3s", "run /opt/bin/k3s-agent-uninstall.sh"),
        (Leftovers(states=("/etc/rancher",)), "n k3s", "run `rm -rf /etc/rancher /var/lib/rancher`"),
        (
            Leftovers(uninstallers=("/usr/bin/rke2-uninstall.sh",), states=("/etc/rancher", "/var/lib/rancher/rke2")),
            "n RKE2",
            "run /usr/bin/rke2-uninstall.sh",
        ),
        (Leftovers(states=("/var/lib/k0s",)), "n k0s", "run `k0s stop; k0s reset`"),
        (Leftovers(states=("/var/snap/microk8s/current",)), "n MicroK8s", "run `snap remove --purge microk8s`"),
        (Leftovers(states=("/etc/kubernetes/pki/ca.crt",)), "n kubeadm", "kubeadm reset --force"),
        (
            Leftovers(programs=(("/usr/local/bin/ctr", "/usr/local/bin/ctr"),)),
            "n /usr/local/bin/ctr",
            "mv /usr/local/bin/ctr",
        ),
        (Leftovers(programs=(("/usr/local/bin/ctr", "/usr/local/bin/k3s"),)), "n k3s", "run `rm -rf /etc/rancher "),
        (
            Leftovers(cni=("05-cilium.conflist",)),
            "n /etc/cni/net.d/05-cilium.conflist",
            "mv /etc/cni/net.d/05-cilium.conflist ",
        ),
        (Leftovers(cni=("87-podman.conflist",)), "n /etc/cni/net.d/87-podman.conflist", "mv /etc/cni/net.d/87-podman"),
        (Leftovers(services=("10.43.0.1",)), "n packet filter", "restart the host"),
        (Leftovers(crictl="unix:///run/k3s/containerd/containerd.sock"), "n /etc/crictl.yaml", "mv /etc/crictl.yaml "),
        (
            Leftovers(settings=(("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=--x"),)),
            "n /etc/default/kubelet",
            "mv /etc/default/kubelet /etc/default/kubelet.old",
        ),
        (
            Leftovers(settings=(("/etc/systemd/system/containerd.service", "masked"),)),
            "n /etc/systemd/system/containerd.service",
            "systemctl unmask containerd.service",
        ),
        (Leftovers(variables=("CONTAINERD_ADDRESS=/run/k3s/c.sock",)), "n environment", "remove CONTAINERD_ADDRESS"),
    ],
)
def test_each_trace_is_named_with_the_way_to_end_it(found: Leftovers, where: str, fix: str) -> None:
    ((named, text),) = at(found)
    assert named == where
    assert fix in text


@pytest.mark.parametrize("link", ["cni0", "flannel.1"])
def test_a_link_of_another_pod_network_is_named(link: str) -> None:
    survey = replace(GOOD, addresses={**GOOD.addresses, link: (IPv4Interface("10.42.1.1/24"),)})
    assert at(Leftovers(), survey) == [
        (f"n {link}", f"remove the pod network that made it, then: ip link delete {link}")
    ]
    ours = replace(GOOD, addresses={**GOOD.addresses, link: (IPv4Interface("10.244.3.1/24"),)})
    assert at(Leftovers(), ours) == []
    calico = replace(GOOD, addresses={**GOOD.addresses, "vxlan.calico": (IPv4Interface("10.244.3.1/32"),)})
    assert [where for where, _ in at(Leftovers(), calico)] == ["n vxlan.calico"]
    ipip = replace(GOOD, addresses={**GOOD.addresses, "tunl0": (IPv4Interface("10.244.3.1/32"),)})
    assert at(Leftovers(), ipip) == [("n tunl0", "remove the pod network that made it, then: modprobe -r ipip")]


def test_multus_on_a_node_of_ours_leads_to_flannel() -> None:
    names = ("00-multus.conf", "10-flannel.conflist")
    assert problems(Leftovers(ours=True, cni=names)) == []
    assert [where for where, _ in at(Leftovers(cni=names))] == ["n /etc/cni/net.d/00-multus.conf"]
    assert problems(Leftovers(ours=True, cni=("05-cilium.conflist", "10-flannel.conflist"))) != []


@pytest.mark.parametrize("link", leftovers.LINKS_OF_ADD_ONS)
def test_an_add_on_of_a_cluster_of_ours_may_make_links(link: str) -> None:
    survey = replace(GOOD, addresses={**GOOD.addresses, link: (IPv4Interface("169.254.20.10/32"),)})
    assert problems(Leftovers(ours=True), survey) == []
    assert [where for where, _ in at(Leftovers(), survey)] == [f"n {link}"]


def test_a_publisher_is_one_problem_with_all_its_traces() -> None:
    found = Leftovers(
        programs=(("/usr/local/bin/ctr", "/usr/local/bin/k3s"),),
        uninstallers=("/usr/local/bin/k3s-uninstall.sh",),
        states=("/etc/rancher", "/var/lib/rancher/k3s"),
        services=("10.43.0.1",),
    )
    survey = replace(GOOD, addresses={**GOOD.addresses, "cni0": (IPv4Interface("10.42.1.1/24"),)})
    (problem,) = problems(found, survey)
    assert problem.what == (
        "k3s is on this host, running or stopped: /usr/local/bin/k3s-uninstall.sh, /etc/rancher, /var/lib/rancher/k3s, "
        "/usr/local/bin/ctr; with it cni0, packet filter"
    )


def test_what_is_ours_is_no_leftover() -> None:
    states = ("/etc/kubernetes/admin.conf", "/var/lib/etcd/member")
    kubectl = (("/usr/local/bin/kubectl", "/usr/local/bin/kubectl"),)
    args = (("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=--max-pods=50"),)
    cni = ("10-flannel.conflist", "87-podman.conflist")
    ours = Leftovers(ours=True, states=states, programs=kubectl, settings=args, cni=cni, services=("10.96.0.1",))
    assert problems(ours) == []
    endpoint = {"endpoint": f"{CLUSTER.api_endpoint_name}:{CLUSTER.api_port}"}
    assert problems(Leftovers(states=states), settled=endpoint) == []
    assert [problem.where for problem in problems(Leftovers(states=states), settled={"endpoint": "k8s:6443"})] == [
        "n kubeadm"
    ]


def test_only_nodes_are_asked_for_kubernetes() -> None:
    found = Leftovers(states=("/etc/kubernetes/admin.conf",), cni=("05-cilium.conflist",), crictl="unix:///x")
    assert problems(found, host=GATEWAY) == []
    assert leftovers.programs(GATEWAY) == ("tailscale", "headscale")
    assert "ctr" in leftovers.programs(NODE)
