"""What drifted is listed by a preview, repaired by one run, and exactly that; the same with `engine/fact_cache/` on and off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from cluster.model import Cluster
from tests.lab.conftest import Rehearsal, rehearsal
from tests.places import PROJECT

pytestmark = [pytest.mark.lab, pytest.mark.long]
SETTINGS = "Baseline | Write apt, module and sysctl settings"
ROUTING = ("Routing | Write the routing settings", "Routing | Set forwarding and routing rules")
KUBELET = "containerd | Write registry mirrors and kubelet's settings"
PACKAGES = "Packages | Install the packages"
NGINX = ("Coordination | Configure nginx", "Coordination | Check nginx's configuration", "Coordination | Run nginx")
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl"
A_PLUGIN = "/opt/cni/bin/$(tail -n 1 /opt/cni/isthmus.sha256 | cut -c 67-)"


@dataclass(frozen=True)
class Drift:
    """Run on the host of that part, `script` makes what the operations in `repairs` must then repair there."""

    part: str
    script: str
    repairs: tuple[str, ...]


DRIFTS = {
    "a file is gone": Drift("worker", "rm /etc/sysctl.d/99-isthmus.conf", (SETTINGS,)),
    "a mode differs": Drift("gateway", "chmod 600 /etc/apt/apt.conf.d/90isthmus", (SETTINGS,)),
    "a line more": Drift("control plane", "echo dummy >> /etc/modules-load.d/isthmus.conf", (SETTINGS,)),
    "an owner differs": Drift("coordinator", "chown nobody /etc/sysctl.d/99-isthmus-network.conf", ROUTING),
    "the routing script": Drift("worker", "echo '# more' >> /usr/local/lib/isthmus/network", ROUTING),
    "forwarding is off": Drift("gateway", "echo 0 > /proc/sys/net/ipv4/ip_forward", ROUTING[1:]),
    "forwarding is off on a node": Drift("worker", "echo 0 > /proc/sys/net/ipv4/ip_forward", ROUTING[1:]),
    "the rule of the LAN is gone": Drift("worker", "ip rule del priority 2500", ROUTING[1:]),
    "segments are not clamped": Drift("control plane", "nft delete table inet isthmus_mss", ROUTING[1:]),
    "the routing is not for the next boot": Drift("worker", "systemctl disable -q isthmus-network", ROUTING[1:]),
    "a tool is gone": Drift("worker", "dpkg --remove --force-depends ethtool", (PACKAGES,)),
    "another tool": Drift("control plane", "dpkg --remove --force-depends conntrack", (PACKAGES,)),
    "a hold is gone": Drift("worker", "apt-mark unhold kubelet", (PACKAGES,)),
    "all holds are gone": Drift("control plane", "apt-mark unhold kubelet kubeadm kubectl", (PACKAGES,)),
    "swap at the next boot": Drift(
        "worker", "echo '/swapfile none swap sw 0 0' >> /etc/fstab", ("Baseline | Turn swap off",)
    ),
    "another name at the next boot": Drift("worker", "echo other > /etc/hostname", ("Baseline | Set the host name",)),
    "names are gone": Drift(
        "coordinator",
        "text=$(sed '/# begin isthmus/,/# end isthmus/d' /etc/hosts); echo \"$text\" > /etc/hosts",
        ("Coordination | Write the names of joined hosts",),
    ),
    "the names are not for the next boot": Drift(
        "worker", "systemctl disable -q isthmus-names", ("Tailnet | Keep the names at boot",)
    ),
    "nginx stopped": Drift("gateway", "systemctl stop nginx", NGINX[2:]),
    "nginx will not start at boot": Drift("gateway", "systemctl disable -q nginx", NGINX[2:]),
    "nginx is set otherwise": Drift("gateway", "echo '# more' >> /etc/nginx/conf.d/isthmus.conf", NGINX),
    "headscale is set otherwise": Drift(
        "coordinator",
        "echo '# more' >> /etc/headscale/config.yaml",
        ("Coordination | Configure headscale", "Coordination | Run headscale"),
    ),
    "another policy": Drift(
        "coordinator",
        "echo '// more' >> /etc/headscale/policy.hujson",
        ("Coordination | Write the tailnet's policy", "Coordination | Run headscale"),
    ),
    "tailscaled is set otherwise": Drift(
        "worker",
        "echo '# more' >> /etc/default/tailscaled",
        ("Tailnet | Write tailscale's settings", "Tailnet | Start tailscaled"),
    ),
    "routes are refused": Drift(
        "worker", "tailscale set --accept-routes=false", ("Tailnet | Set tailscale's preferences",)
    ),
    "routes are withdrawn": Drift(
        "worker",
        "tailscale set --advertise-routes=",
        ("Tailnet | Set tailscale's preferences", "Pod routes | Advertise the pod network's route"),
    ),
    "a repository is gone": Drift(
        "gateway", "rm /etc/apt/sources.list.d/isthmus-tailscale.list", ("Packages | Write the apt repositories",)
    ),
    "a signing key is gone": Drift(
        "worker", "rm /etc/apt/keyrings/isthmus-kubernetes.gpg", ("Packages | Install the repositories' signing keys",)
    ),
    "kubelet waits otherwise": Drift(
        "worker",
        "echo '# more' >> /etc/systemd/system/kubelet.service.d/20-isthmus.conf; systemctl daemon-reload",
        (KUBELET,),
    ),
    "a plugin is touched": Drift("worker", f"touch {A_PLUGIN}", ()),
    "a plugin is changed": Drift("worker", f"printf x >> {A_PLUGIN}", ("containerd | Unpack the CNI plugins",)),
    "containerd is set otherwise": Drift(
        "worker",
        "echo '# more' >> /etc/containerd/config.toml",
        ("containerd | Write containerd's configuration", "containerd | Start containerd"),
    ),
    "containerd stopped": Drift("worker", "systemctl stop containerd", ("containerd | Start containerd",)),
    "kubelet stopped": Drift("worker", "systemctl stop kubelet", ("Workers | Start kubelet at boot",)),
    "kubelet will not start at boot": Drift(
        "control plane", "systemctl disable -q kubelet", ("Control plane | Start kubelet at boot",)
    ),
    "flannel's settings in the API": Drift(
        "control plane",
        f'{KUBECTL} -n kube-flannel patch configmap kube-flannel-cfg --type merge -p \'{{"data": {{"net-conf.json": "{{}}"}}}}\'',
        ("Pod network | Apply flannel's manifest",),
    ),
}


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    for made in rehearsal(PROJECT / "inventory.py", "test-11", watched):
        made.must("deploy")
        made.must("verify", "--wait", "120")
        yield made


def places(cluster: Cluster, part: str) -> list[str]:
    """The names of the hosts of that part; workers that are neither gateway nor coordinator."""
    if part == "worker":
        return [
            node.name for node in cluster.nodes if not (node.is_control_plane or node.is_gateway or node.is_coordinator)
        ]
    parts = {"gateway": "is_gateway", "coordinator": "is_coordinator", "control plane": "is_control_plane"}
    return [host.name for host in cluster.hosts if getattr(host, parts[part])]


def together(cluster: Cluster) -> list[list[tuple[str, str]]]:
    """Drifts and their hosts in as few rounds as may be: in a round no two are repaired by the same operation on the same host.

    So what a preview lists of each is told apart from the others.
    """
    rounds: list[dict[tuple[str, str], set[tuple[str, str]]]] = []
    for name, drift in DRIFTS.items():
        hosts = places(cluster, drift.part)
        free = (
            (drifts, host)
            for drifts in (*rounds, {})
            for host in hosts
            if not any((operation, host) in others for operation in drift.repairs for others in drifts.values())
        )
        drifts, host = next(free)
        drifts[name, host] = {(operation, host) for operation in drift.repairs}
        if drifts not in rounds:
            rounds.append(drifts)
    return [list(drifts) for drifts in rounds]


@pytest.mark.parametrize("layer", [True, False], ids=["bundled", "plain"])
def test_each_drift_is_listed_and_repaired_and_nothing_else(world: Rehearsal, layer: bool) -> None:
    rounds = together(world.cluster)
    assert sorted(name for drifts in rounds for name, _ in drifts) == sorted(DRIFTS)
    for drifts in rounds:
        print("drifts:", *(f"{name} on {host};" for name, host in drifts), flush=True)
        wanted: dict[str, set[str]] = {}
        for name, host in drifts:
            assert world.on(host, DRIFTS[name].script).returncode == 0, name
            for operation in DRIFTS[name].repairs:
                wanted.setdefault(operation, set()).add(host)
        assert world.previewed(bundle=True) == wanted
        assert world.previewed(bundle=False) == wanted
        assert world.changed(bundle=layer) == wanted
        # Each is judged by the other.
        assert world.previewed(bundle=not layer) == {}
