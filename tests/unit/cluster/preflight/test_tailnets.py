"""A client that is logged in elsewhere is taken from there by declaration only, and never if the operator comes in by it."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.model import Cluster, Host, Site
from cluster.observed.login import Login
from cluster.observed.tailscale import ClientPrefs, ClientStatus
from cluster.preflight import tailnets

SITE = Site(site="here", lan="10.1.0.0/24", nat="one_to_one")
DEN = Host(name="den", site=SITE, lan_address="10.1.0.2", ssh_hostname="203.0.113.4", roles=("coordinator",))
CLUSTER = Cluster(hosts=(DEN,), coordination_name="mesh.example.org")
OURS, THEIRS = "https://mesh.example.org", "https://controlplane.tailscale.com"
MEMBER = ClientStatus("Running", addresses=("100.101.102.103", "fd7a:115c:a1e0::9"))
PUBLIC = Login(0, "198.51.100.7", "10.1.0.2")


def found(
    server: str = THEIRS, status: ClientStatus = MEMBER, login: Login | None = PUBLIC, out: bool = False, **data: Any
) -> list[str]:
    host = DEN.model_copy(update=data)
    prefs = ClientPrefs(known=True, login_server=server, logged_out=out)
    return [problem.what for problem in tailnets.problems(CLUSTER, host, login, status, prefs)]


def member(address: str, *tags: str) -> ClientStatus:
    return ClientStatus("Running", addresses=(address,), tags=tags)


@pytest.mark.parametrize("server", [THEIRS, "https://login.tailscale.com", "", "https://headscale.other.example"])
def test_another_tailnet_is_left_by_declaration_only(server: str) -> None:
    (what,) = found(server)
    assert what == f"it is a machine of another tailnet ({server or THEIRS})"
    assert found(server, exceptions=("other-tailnet",)) == []


@pytest.mark.parametrize("state", ["Stopped", "Starting"])
def test_it_is_a_member_while_it_is_down_too(state: str) -> None:
    assert len(found(status=ClientStatus(state))) == 1


@pytest.mark.parametrize("status", [ClientStatus("absent"), ClientStatus("NeedsLogin"), ClientStatus("unreachable")])
def test_who_is_in_no_tailnet_leaves_none(status: ClientStatus) -> None:
    assert found(status=status) == []
    assert found(out=True) == []


@pytest.mark.parametrize("server", [OURS, f"{OURS}/", f"{OURS}:443"])
def test_our_own_server_is_no_other(server: str) -> None:
    assert found(server, member("100.64.10.7", "tag:node")) == []


@pytest.mark.parametrize(
    ("login", "data"),
    [
        (PUBLIC, {"ssh_hostname": "100.101.102.103"}),
        (PUBLIC, {"ssh_hostname": "den.tail1234.ts.net"}),
        (Login(0, "100.99.1.1", "100.101.102.103"), {"ssh_hostname": "den"}),
        (Login(0, "fd7a:115c:a1e0::5", "fd7a:115c:a1e0::9"), {"ssh_hostname": "den"}),
        (Login(0, "100.99.1.1", "10.1.0.2"), {}),
    ],
)
def test_the_operators_own_way_in_is_never_cut(login: Login, data: dict[str, Any]) -> None:
    (what,) = found(login=login, exceptions=("other-tailnet",), **data)
    assert what.startswith("this machine reaches it by another tailnet (")


def test_a_former_name_of_this_cluster_is_no_other_tailnet() -> None:
    former = "https://old.example.org"
    assert found(former, member("100.64.10.7", "tag:node")) == []
    assert len(found(former, member("100.64.10.7"))) == 1
    assert len(found(former, member("100.99.10.7", "tag:node"))) == 1


def test_a_machine_with_an_address_outside_our_range_joins_anew() -> None:
    (what,) = found(OURS, member("100.99.10.7"))
    assert "100.99.10.7, outside tailnet_cidr 100.64.10.0/24" in what
    assert found(OURS, ClientStatus("Running", addresses=("fd7a:115c:a1e0::9",))) == []
