"""What changes in the inventory: the preview lists it, the deploy brings it about, nothing is left; and how long a workload does not answer meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.load_inventory import load
from tests.lab import common
from tests.lab.conftest import Rehearsal, rehearsal
from tests.lab.counter import counted
from tests.lab.tasks import BUSYBOX, DAY_TWO, kubectl, run

pytestmark = [pytest.mark.lab, pytest.mark.long]


NEW_ADDRESS = "203.0.113.45"


@dataclass(frozen=True)
class Change:
    """`text` is written at the end of a file of the inventory; then `ask`, run on the `part` host, says `sees` (or, `not` first, does not)."""

    file: str
    text: str
    part: str
    ask: str
    sees: str


CHANGES = {
    "a label": Change(
        "group_data/house.py",
        'labels = {"example.org/disk": "fast"}',
        "control plane",
        "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl get nodes -L example.org/disk",
        "fast",
    ),
    "no label": Change(
        "group_data/house.py",
        "labels = {}",
        "control plane",
        "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl get nodes --show-labels",
        "not example.org/disk",
    ),
    "a taint": Change(
        "group_data/house.py",
        'taints = ({"key": "example.org/slow", "effect": "PreferNoSchedule"},)',
        "control plane",
        "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl describe nodes",
        "example.org/slow:PreferNoSchedule",
    ),
    "no taint": Change(
        "group_data/house.py",
        "taints = ()",
        "control plane",
        "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl describe nodes",
        "not example.org/slow",
    ),
    "mirrors": Change(
        "group_data/house.py",
        'mirrors = {"docker": "https://mirrors.aliyun.com/docker-ce", "registries": {"registry.k8s.io": ("https://k8s.m.daocloud.io",)}}',
        "worker",
        "cat /etc/apt/sources.list.d/isthmus-*.list /etc/containerd/certs.d/registry.k8s.io/hosts.toml",
        "k8s.m.daocloud.io",
    ),
    "a LAN route": Change(
        "group_data/house.py",
        'lan_routes = ("192.168.60.0/24",)',
        "coordinator",
        "headscale nodes list-routes --output json",
        "192.168.60.0/24",
    ),
    "a name of the API": Change(
        "group_data/all.py",
        'api_sans = ("kube.calm.example", "198.51.100.77")',
        "control plane",
        # Shown by a handshake, known to kubeadm, and of no concern to the API's process, which goes on.
        "openssl s_client -connect 127.0.0.1:6443 < /dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName; "
        "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl -n kube-system get configmap kubeadm-config -o yaml",
        "IP Address:198.51.100.77",
    ),
    "who may reach the API": Change(
        "group_data/all.py",
        'api_access = ("198.51.100.7/32",)',
        "control plane",
        "nft list ruleset; iptables-save",
        "198.51.100.7",
    ),
}


@pytest.fixture(scope="module")
def world(watched: set[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    folder = tmp_path_factory.mktemp("changes") / "inventory"
    shutil.copytree(DAY_TWO.parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for made in rehearsal(folder / "inventory.py", "test-15", watched):
        made.must("deploy")
        made.must("verify", "--wait", "120")
        yield made


def declare(world: Rehearsal, file: str, text: str) -> None:
    with (world.inventory.parent / file).open("a") as end:
        end.write(f"{text}\n")
    world.cluster = load(world.inventory)


def host_of(world: Rehearsal, part: str) -> str:
    if part == "worker":
        return next(host.name for host in world.cluster.nodes if host.site.nat == "masquerade")
    return (world.cluster.coordinator if part == "coordinator" else world.cluster.control_planes[0]).name


def deploy_does_what_it_previews(world: Rehearsal) -> None:
    """A preview lists something, the run does it, and afterwards there is nothing to do."""
    foreseen = world.previewed()
    print(*foreseen, sep="\n    ")
    assert foreseen
    assert world.changed() == foreseen
    assert world.previewed() == {}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_previewed_made_and_verified(world: Rehearsal, name: str) -> None:
    change = CHANGES[name]
    declare(world, change.file, change.text)
    deploy_does_what_it_previews(world)
    said = world.on(host_of(world, change.part), change.ask).stdout
    assert (change.sees.removeprefix("not ") in said) == (not change.sees.startswith("not ")), said
    world.must("verify", "--wait", "120", timeout=600)


def test_a_new_public_address_of_the_gateway_is_followed(world: Rehearsal) -> None:
    """The provider has changed it, the operator has written it into the inventory, and the name server has it."""
    hosts = world.inventory.read_text()
    old = str(world.cluster.gateway.public_address)
    assert hosts.count(f'"{old}"') == 2
    world.inventory.write_text(hosts.replace(f'"{old}"', f'"{NEW_ADDRESS}"'))
    world.cluster = load(world.inventory)
    world.must("readdress")
    deploy_does_what_it_previews(world)
    world.must("verify", "--wait", "120", timeout=600)
    for host in world.cluster.hosts:
        assert world.on(host, f"grep -rlsF {old} /etc/hosts /etc/headscale /etc/default /etc/nginx/conf.d").stdout == ""
    shown = world.on(world.cluster.control_planes[0], CHANGES["a name of the API"].ask).stdout
    assert f"IP Address:{NEW_ADDRESS}" in shown


def test_what_a_cluster_keeps_is_refused_before_any_change(world: Rehearsal) -> None:
    shared = world.inventory.parent / "group_data" / "all.py"
    before = shared.read_text()
    shared.write_text(f'{before}api_name = "kube.calm.example"\npod_cidr = "10.245.0.0/16"\n')
    result = world.lab("deploy")
    shared.write_text(before)
    assert result.returncode == 1
    assert "api_name, api_port in the inventory is kube.calm.example:6443" in " ".join(result.output.split())
    assert "10.244.0.0/16" in result.output
    assert "Starting operation" not in result.output
    common.preview_lists_nothing(world)


@pytest.mark.parametrize(
    ("kind", "size"), [("vxlan", 1280), ("vxlan", 1400), ("routed", 1400), ("routed", 1200), ("routed", 1280)]
)
def test_the_pod_network_is_switched_and_its_mtu_changed(world: Rehearsal, kind: str, size: int) -> None:
    declare(world, "group_data/all.py", f'pod_network = "{kind}"\ntailnet_mtu = {size}')
    with counted(world, f"the switch to {kind} with {size} bytes"):
        deploy_does_what_it_previews(world)
        world.must("verify", "--wait", "120", timeout=600)
    backend = kubectl(world, "-n kube-flannel get configmap kube-flannel-cfg -o jsonpath='{.data.net-conf\\.json}'")
    assert ("vxlan" in backend) == (kind == "vxlan"), backend
    in_pods = size - 50 if kind == "vxlan" else size
    for node in world.cluster.nodes:
        assert world.on(node, "cat /sys/class/net/tailscale0/mtu").stdout.strip() == str(size), node.name
    kubectl(world, f"run measured --image={BUSYBOX} --restart=Never -- cat /sys/class/net/eth0/mtu")
    kubectl(world, "wait --for=jsonpath='{.status.phase}'=Succeeded --timeout=60s pod/measured")
    assert kubectl(world, "logs measured").strip() == str(in_pods)
    kubectl(world, "delete pod measured --now")


@pytest.mark.parametrize("kind", ["vxlan", "routed"])
def test_pods_hardly_feel_that_a_tailscaled_is_started_again(world: Rehearsal, kind: str) -> None:
    declare(world, "group_data/all.py", f'pod_network = "{kind}"')
    if world.previewed():
        deploy_does_what_it_previews(world)
    for host in (host_of(world, "worker"), host_of(world, "control plane")):
        with counted(world, f"{kind}, tailscaled of {host} started again") as longest:
            world.on(host, "systemctl restart tailscaled")
            world.must("verify", "--wait", "120", timeout=600)
        assert max(longest.values()) < 15
    common.preview_lists_nothing(world)


def test_renewed_certificates_are_not_felt(world: Rehearsal) -> None:
    with counted(world, "renew_certificates") as longest:
        assert run(world, "renew_certificates", "days=365").returncode == 0
        world.must("verify", "--wait", "120", timeout=600)
    assert longest["one"] < 5


def test_keys_and_headscale_are_made_anew(world: Rehearsal) -> None:
    with counted(world, "rotate_keys"):
        assert run(world, "rotate_keys").returncode == 0
        world.must("verify", "--wait", "120", timeout=600)
    with counted(world, "rebuild_headscale"):
        assert run(world, "rebuild_headscale", f"yes={world.cluster.cluster_name}").returncode == 0
        world.must("verify", "--wait", "120", timeout=600)
    with counted(world, "reinstall_pod_network"):
        assert run(world, "reinstall_pod_network", f"yes={world.cluster.cluster_name}").returncode == 0
        world.must("verify", "--wait", "120", timeout=600)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
