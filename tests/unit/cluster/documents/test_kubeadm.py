"""kubeadm's documents: as recorded for two quite different inventories, and accepted by kubeadm itself where one is at hand."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from cluster.documents import kubeadm
from cluster.install_plan import KubeletSettings
from cluster.model import Cluster, Host
from lab.load_inventory import load
from tests.places import PROJECT

INVENTORIES = {
    "reference": PROJECT / "inventory.py",
    "two-sites": PROJECT / "tests/inventories/two-sites/inventory.py",
    "three-control-planes": PROJECT / "tests/inventories/three-control-planes/inventory.py",
}
TOKEN = "abcdef.0123456789abcdef"
ADMISSION = kubeadm.JoinCredentials(TOKEN, ("sha256:" + "a" * 64,), "b" * 64)


PLAIN = KubeletSettings((), fail_cgroup_v1=True, restrict_oom_score_adj=False)
CONTAINER = KubeletSettings(("SystemVerification",), fail_cgroup_v1=False, restrict_oom_score_adj=True)


@pytest.fixture(scope="module", params=INVENTORIES)
def declared(request: pytest.FixtureRequest) -> tuple[str, Cluster]:
    return request.param, load(INVENTORIES[request.param])


def addresses(cluster: Cluster) -> dict[str, str]:
    return {host.name: str(cluster.tailnet_cidr[number]) for number, host in enumerate(cluster.control_planes, 1)}


def init(cluster: Cluster, decision: KubeletSettings = CONTAINER) -> str:
    first = cluster.control_planes[0]
    return kubeadm.init(cluster, first, addresses(cluster), {node.name: decision for node in cluster.nodes}, TOKEN)


def join(cluster: Cluster, host: Host) -> str:
    return kubeadm.join(cluster, host, str(cluster.tailnet_cidr[77]), PLAIN, ADMISSION)


def known_of(cluster: Cluster) -> str:
    """What kubeadm would keep in the cluster that `init` begins."""
    return init(cluster).split("---\n")[1]


def documents_of(cluster: Cluster) -> dict[str, str]:
    first = cluster.control_planes[0]
    known = known_of(cluster)
    return {
        "init": init(cluster),
        "phase": kubeadm.phase(cluster, first, addresses(cluster), known, "b" * 64),
        **{f"join {host.name}": join(cluster, host) for host in cluster.nodes if host != first},
    }


def test_the_documents_are_as_recorded(declared: tuple[str, Cluster]) -> None:
    name, cluster = declared
    golden = PROJECT / f"tests/cases/kubeadm/{name}.yaml"
    made = "".join(f"# {title}\n---\n{text}" for title, text in documents_of(cluster).items())
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(made)
    assert made == golden.read_text()


def test_kubeadm_accepts_them(declared: tuple[str, Cluster], tmp_path: Path) -> None:
    _, cluster = declared
    cache = Path(os.environ.get("ISTHMUS_CACHE", "/var/cache/isthmus"))
    programs = sorted(cache.glob(f"artifacts/kubernetes/{cluster.kubernetes_version}/amd64*/bin/kubeadm"))
    if not programs:
        pytest.skip(f"no kubeadm {cluster.kubernetes_version} in the lab's cache")
    for title, text in documents_of(cluster).items():
        file = tmp_path / "kubeadm.yaml"
        file.write_text(text)
        said = subprocess.run([programs[0], "config", "validate", "--config", file], capture_output=True, text=True)
        assert said.returncode == 0, f"{title}: {said.stderr}"


def test_every_way_to_the_api_is_in_its_certificate(declared: tuple[str, Cluster]) -> None:
    _, cluster = declared
    names = yaml.safe_load(init(cluster).split("---\n")[1])["apiServer"]["certSANs"]
    assert {cluster.api_endpoint_name, "127.0.0.1"} <= set(names)
    for host in cluster.control_planes:
        assert {addresses(cluster)[host.name], str(host.lan_address)} <= set(names)
        assert host.public_address is None or str(host.public_address) in names


def test_a_name_that_is_declared_is_added_and_what_others_told_kubeadm_stays() -> None:
    cluster = load(INVENTORIES["reference"]).model_copy(update={"api_sans": ("kube.example.org",)})
    first = cluster.control_planes[0]
    known = yaml.safe_dump({"featureGates": {"A": True}, "apiServer": {"certSANs": ["old.example.org"]}})
    begun, running = kubeadm.phase(cluster, first, addresses(cluster), known, folder="/new").split("---\n")
    assert "certificateKey" not in begun
    found = yaml.safe_load(running)
    assert found["featureGates"] == {"A": True}
    assert found["certificatesDir"] == "/new"
    assert {"old.example.org", "kube.example.org", str(first.lan_address)} <= set(found["apiServer"]["certSANs"])
    # A cluster that was told no name at all has no such section.
    assert "kube.example.org" in kubeadm.phase(cluster, first, addresses(cluster), "clusterName: a")


def test_a_control_plane_by_itself_needs_no_names_of_the_others() -> None:
    cluster = load(INVENTORIES["three-control-planes"])
    one, other, _ = cluster.control_planes
    names = kubeadm.api_names(cluster, [one], addresses(cluster))
    assert {one.name, str(one.lan_address), cluster.api_endpoint_name} <= set(names)
    assert other.name not in names


def test_a_taint_that_is_not_declared_is_left_to_kubeadm() -> None:
    cluster = load(INVENTORIES["three-control-planes"])
    undeclared = next(host for host in cluster.control_planes if host.taints is None)
    assert "taints" not in yaml.safe_load(join(cluster, undeclared))["nodeRegistration"]
    none = undeclared.model_copy(update={"taints": ()})
    assert yaml.safe_load(join(cluster, none))["nodeRegistration"]["taints"] == []


def test_one_container_among_the_nodes_decides_for_kube_proxy() -> None:
    cluster = load(INVENTORIES["reference"])
    proxy = yaml.safe_load(init(cluster, PLAIN).split("---\n")[-1])
    assert "conntrack" not in proxy
    assert yaml.safe_load(init(cluster).split("---\n")[-1])["conntrack"]["maxPerCore"] == 0


def test_kubelet_accepts_old_cgroups_only_where_that_is_decided() -> None:
    assert yaml.safe_load(kubeadm.kubelet_patch("/etc/resolv.conf", PLAIN)) == {"resolvConf": "/etc/resolv.conf"}
    patch = yaml.safe_load(kubeadm.kubelet_patch("/run/systemd/resolve/resolv.conf", CONTAINER))
    assert patch["failCgroupV1"] is False
    assert patch["oomScoreAdj"] == 0


def test_the_admission_is_read_from_kubeadms_words() -> None:
    said = f"kubeadm join api:6443 --token {TOKEN} --discovery-token-ca-cert-hash sha256:{'c' * 64} \n"
    assert kubeadm.parse_join_command(said) == kubeadm.JoinCredentials(TOKEN, (f"sha256:{'c' * 64}",))
    with pytest.raises(ValueError, match="no join command"):
        kubeadm.parse_join_command("failed to load admin kubeconfig")
