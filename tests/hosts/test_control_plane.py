"""A control plane: the API, etcd and the controllers as kubeadm leaves them, their keys for root alone."""

from __future__ import annotations

from cluster.model import Host
from tests.hosts.roles import Machine, each


def is_asked(host: Host) -> bool:
    return host.is_control_plane


MANIFESTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
PKI = "/etc/kubernetes/pki"
# kubernetes.io, "PKI certificates and requirements".
PAIRS = (
    "apiserver",
    "apiserver-etcd-client",
    "apiserver-kubelet-client",
    "ca",
    "etcd/ca",
    "etcd/healthcheck-client",
    "etcd/peer",
    "etcd/server",
    "front-proxy-ca",
    "front-proxy-client",
)
SECRETS = (
    *(f"{PKI}/{pair}.key" for pair in PAIRS),
    f"{PKI}/sa.key",
    *(f"/etc/kubernetes/{name}.conf" for name in ("admin", "controller-manager", "scheduler")),
    *(f"/etc/kubernetes/manifests/{name}.yaml" for name in MANIFESTS),
)
# Program → port at which it answers the host alone.
LOCAL_PORTS = {"etcd": 2379, "etcd's metrics": 2381, "kube-controller-manager": 10257, "kube-scheduler": 10259}


@each("path", lambda cluster, host: SECRETS)
def test_secret_is_for_root_alone(machine: Machine, path: str) -> None:
    found = machine.remote.file(path)
    assert (oct(found.mode), found.user, found.group) == ("0o600", "root", "root")


@each("pair", lambda cluster, host: PAIRS)
def test_certificate_does_not_end_within_a_month(machine: Machine, pair: str) -> None:
    assert machine.remote.run("openssl x509 -noout -checkend 2592000 -in %s", f"{PKI}/{pair}.crt").succeeded


def test_members_of_etcd_are_for_root_alone(machine: Machine) -> None:
    found = machine.remote.file("/var/lib/etcd/member")
    assert found.is_directory
    assert (oct(found.mode), found.user) == ("0o700", "root")


def test_nothing_of_kubeadm_s_input_is_left_behind(machine: Machine) -> None:
    assert machine.remote.check_output("find /run/isthmus -name 'kubeadm.*' 2>/dev/null || true") == ""


@each("program", lambda cluster, host: MANIFESTS)
def test_program_runs(machine: Machine, program: str) -> None:
    assert machine.remote.process.filter(comm=program[:15])


def test_api_listens(machine: Machine) -> None:
    assert machine.remote.socket(f"tcp://0.0.0.0:{machine.cluster.api_port}").is_listening


def test_api_is_ready(machine: Machine) -> None:
    url = f"https://127.0.0.1:{machine.cluster.api_port}/readyz"
    ca = f"{PKI}/ca.crt"
    assert machine.remote.run("curl --silent --fail --max-time 10 --cacert %s %s", ca, url).stdout == "ok"


@each("program", lambda cluster, host: LOCAL_PORTS)
def test_program_listens_for_the_host(machine: Machine, program: str) -> None:
    port = LOCAL_PORTS[program]
    assert machine.remote.socket(f"tcp://127.0.0.1:{port}").is_listening
    assert not machine.remote.socket(f"tcp://0.0.0.0:{port}").is_listening


@each("port", lambda cluster, host: (2379, 2380))
def test_etcd_listens_in_the_tailnet(machine: Machine, port: int) -> None:
    assert machine.remote.socket(f"tcp://{machine.tailnet_address}:{port}").is_listening
    assert not machine.remote.socket(f"tcp://0.0.0.0:{port}").is_listening


def test_every_node_is_ready(machine: Machine) -> None:
    output = machine.remote.check_output(
        "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl --request-timeout 10s get nodes --no-headers"
    )
    found = {words[0]: words[1].split(",")[0] for words in map(str.split, output.splitlines())}
    assert found == {node.name: "Ready" for node in machine.cluster.nodes}
