"""Name servers that pods can't ask, and those that the tailnet cuts off, are problems before any change; all others are none."""

from __future__ import annotations

import pytest

from cluster.model import Cluster, Host, Site
from cluster.observed.resolvers import PLAIN, RESOLVED, ResolvConf, Resolvers
from cluster.preflight import resolvers
from cluster.resolvers import for_pods

SITE = Site(site="here", lan="10.1.0.0/24", nat="one_to_one")
HUB = Host(name="hub", site=SITE, lan_address="10.1.0.1", ssh_hostname="hub", roles=("gateway", "coordinator"))
NODE = Host(name="n", site=SITE, lan_address="10.1.0.2", ssh_hostname="n", roles=("control_plane",))
CLUSTER = Cluster(hosts=(HUB, NODE), coordination_name="mesh.example.org")
OWN = ("127.0.0.1", "::1", "10.1.0.2", "169.254.20.10")
STUB = ResolvConf(("127.0.0.53",))


def found(*servers: str, resolved: tuple[str, ...] | None = None, answered: tuple[str, ...] = ()) -> Resolvers:
    files = {PLAIN: ResolvConf(servers)} | ({RESOLVED: ResolvConf(resolved)} if resolved is not None else {})
    return Resolvers(files, OWN, answered)


def what(seen: Resolvers, host: Host = NODE) -> list[str]:
    return [problem.what for problem in resolvers.problems(CLUSTER, host, seen)]


@pytest.mark.parametrize(
    ("seen", "path"),
    [
        (found("10.1.0.254"), PLAIN),
        (found("169.254.169.254"), PLAIN),  # Oracle's and Google's own
        (found("168.63.129.16"), PLAIN),  # Azure's
        (found("10.1.0.2", answered=("10.1.0.2",)), PLAIN),
        (found("10.1.0.2", answered=("*",)), PLAIN),
        (found("1.1.1.1", "2606:4700:4700::1111", "fe80::1%eth0"), PLAIN),
        (found("1.1.1.1", "8.8.8.8", "9.9.9.9", "127.0.0.1"), PLAIN),
        (found("100.64.10.3"), PLAIN),
        (found("127.0.0.53", resolved=("10.1.0.254",)), RESOLVED),
        (found("127.0.0.54", resolved=("10.1.0.254",)), RESOLVED),
        (found("127.0.0.1", resolved=("10.1.0.254",)), RESOLVED),
        (found("10.1.0.254", resolved=("127.0.0.1",)), PLAIN),
    ],
)
def test_pods_get_servers_that_they_can_ask(seen: Resolvers, path: str) -> None:
    assert what(seen) == []
    assert for_pods(seen) == path


@pytest.mark.parametrize(
    ("seen", "named"),
    [
        (found("127.0.0.1"), "127.0.0.1"),
        (found("127.0.2.1"), "127.0.2.1"),
        (found("::1"), "::1"),
        (found("0.0.0.0"), "0.0.0.0"),
        (found("127.0.0.1", "1.1.1.1"), "127.0.0.1"),
        (found("127.0.0.53"), "127.0.0.53"),
        (found("127.0.0.53", resolved=("127.0.0.1",)), "127.0.0.53"),
        (found("10.1.0.2"), "10.1.0.2"),
        (found("169.254.20.10"), "169.254.20.10"),
        (found("fe80::1%eth0"), "fe80::1%eth0"),
        (found("2606:4700:4700::1111"), "2606:4700:4700::1111"),
    ],
)
def test_servers_that_pods_cannot_ask_are_named(seen: Resolvers, named: str) -> None:
    (only,) = what(seen)
    assert only == f"pods can't use its name server {named}"
    assert what(seen, HUB) == []


def test_no_server_and_no_file() -> None:
    assert what(found()) == ["it names no server"]
    assert what(Resolvers()) == ["the file is missing, or can't be read"]


def test_the_fix_names_what_answers_on_the_lan() -> None:
    (problem,) = resolvers.problems(CLUSTER, NODE, found("127.0.0.1", answered=("*",)))
    assert "echo nameserver 10.1.0.2 > /etc/resolv.conf" in problem.fix
    (problem,) = resolvers.problems(CLUSTER, NODE, found("127.0.0.1"))
    assert "10.1.0.2" not in problem.fix


@pytest.mark.parametrize("host", [HUB, NODE])
def test_the_providers_server_in_tailscales_range(host: Host) -> None:
    assert what(found("100.100.2.136", "100.100.2.138"), host) == [
        "the name server 100.100.2.136, 100.100.2.138 is inside 100.64.0.0/10"
    ]
    assert what(found("127.0.0.53", resolved=("100.100.2.136",)), host) == [
        "the name server 100.100.2.136 is inside 100.64.0.0/10"
    ]
    assert what(found("100.100.100.100"), host) == [
        "the name server 100.100.100.100 is that of another tailnet (MagicDNS)"
    ]


def test_a_wildcard_below_a_search_domain() -> None:
    seen = Resolvers({PLAIN: ResolvConf(("10.1.0.254",), ("corp.example",))}, OWN, (), ("corp.example",))
    assert what(seen) == ["every name resolves below the search domain corp.example"]
