"""The operator's kubeconfig: it leads where the operator can go, and is known again without its secrets being read."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
import yaml

from cluster.documents import kubeconfig
from cluster.model import Cluster, Host, Site

SITE = Site(site="s", lan="10.0.0.0/24", nat="none")
FIRST = Host(
    name="c",
    site=SITE,
    lan_address="10.0.0.1",
    public_address="203.0.113.9",
    ssh_hostname="203.0.113.9",
    ssh_port=2222,
    ssh_user="kim",
    roles=("gateway", "coordinator", "control_plane"),
)
CLUSTER = Cluster(hosts=(FIRST,), coordination_name="mesh.example.org")
ADMIN = yaml.safe_dump(
    {
        "clusters": [{"name": "k", "cluster": {"server": "https://api:6443", "certificate-authority-data": "QUFB"}}],
        "users": [{"name": "a", "user": {"client-certificate-data": "QkJC", "client-key-data": "Q0ND"}}],
    }
)


def test_it_goes_through_a_tunnel_by_default() -> None:
    text = kubeconfig.render(CLUSTER, ADMIN, "1" * 64)
    assert "#   ssh -N -L 6443:127.0.0.1:6443 -p 2222 kim@203.0.113.9\n" in text
    cluster = yaml.safe_load(text)["clusters"][0]["cluster"]
    assert cluster["server"] == "https://127.0.0.1:6443"
    assert cluster["tls-server-name"] == "api.isthmus.internal"


def test_it_goes_straight_where_the_api_is_open_to_the_operator() -> None:
    open_to_me = Cluster.model_validate({**dict(CLUSTER), "api_access": ["198.51.100.0/24"]})
    text = kubeconfig.render(open_to_me, ADMIN, "1" * 64)
    assert yaml.safe_load(text)["clusters"][0]["cluster"]["server"] == "https://203.0.113.9:6443"
    assert "ssh" not in text


def test_it_is_current_until_the_source_or_the_inventory_changes() -> None:
    text = kubeconfig.render(CLUSTER, ADMIN, "1" * 64)
    assert kubeconfig.is_current(text, CLUSTER, "1" * 64)
    assert not kubeconfig.is_current(text, CLUSTER, "2" * 64)
    moved = Cluster.model_validate({**dict(CLUSTER), "api_name": "kube.example.org"})
    assert not kubeconfig.is_current(text, moved, "1" * 64)


def test_what_is_no_kubeconfig_is_refused() -> None:
    with pytest.raises(ValueError, match="no kubeconfig"):
        kubeconfig.render(CLUSTER, "nothing", "1" * 64)


def declared(nat: str, **changes: object) -> Cluster:
    host = FIRST.model_copy(update={"site": SITE.model_copy(update={"nat": nat}), **changes})
    return CLUSTER.model_copy(update={"hosts": (host,), "api_access": (IPv4Network("198.51.100.0/24"),)})


@pytest.mark.parametrize(
    ("cluster", "server"),
    [
        (declared("none", public_address=None), "https://10.0.0.1:6443"),
        (declared("one_to_one"), "https://203.0.113.9:6443"),
        (declared("one_to_one", public_address=None), "https://127.0.0.1:6443"),
        (declared("masquerade"), "https://127.0.0.1:6443"),
        (declared("masquerade", forwarded_ports=("6443/tcp",)), "https://203.0.113.9:6443"),
    ],
)
def test_it_leads_where_the_api_answers(cluster: Cluster, server: str) -> None:
    assert kubeconfig.server(cluster) == server


def test_the_tunnel_goes_by_the_declared_files() -> None:
    host = FIRST.model_copy(update={"ssh_config_file": "~/.ssh/a b", "ssh_key": "keys/id"})
    command = kubeconfig.tunnel(CLUSTER.model_copy(update={"hosts": (host,)}))
    assert command.endswith("6443 -F ~/'.ssh/a b' -i keys/id -p 2222 kim@203.0.113.9")
