"""A host's own network namespace."""

from __future__ import annotations

import pytest

from lab.world import network
from tests.unit.lab.worlds import behind, world

Batch = list[tuple[str, str]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Batch:
    """The lines for `ip`, with their namespaces."""
    lines: Batch = []
    monkeypatch.setattr(network, "ip", lambda namespace, batch: lines.extend((namespace, line) for line in batch))
    monkeypatch.setattr(network, "sysctl", lambda *_: None)
    return lines


def attached(made: Batch, **rehearsal: str) -> tuple[str, str]:
    """The lines inside the host's namespace, and those on its router."""
    planned = world(away=behind("192.168.1.2", "192.0.2.9", 2222, rehearsal=rehearsal))
    host = planned.host("away")
    network.attach_host(planned.site("home"), host, lambda _: None)
    own = "\n".join(line for namespace, line in made if namespace == host.namespace)
    return own.replace(host.mac, "MAC"), "\n".join(line for namespace, line in made if namespace != host.namespace)


def test_a_container_has_its_addresses_in_the_namespace(made: Batch) -> None:
    own, _ = attached(made)
    assert "address MAC type veth" in own
    assert "address add 192.168.1.2/24" in own


def test_a_machine_s_namespace_is_a_switch_on_the_same_port(made: Batch) -> None:
    own, router = attached(made, machine="vm")
    assert "tuntap add tap0 mode tap" in own
    assert "MAC" not in own
    assert "192.168.1.2" not in own
    made.clear()
    assert attached(made)[1] == router


def test_a_server_that_has_nothing_but_its_public_address_reaches_the_router_by_its_interface(made: Batch) -> None:
    own = {"lan_address": "203.0.113.20", "ssh_hostname": "203.0.113.20"}
    planned = world(vps={"site": "vps", "lan": "203.0.113.20/32", "nat": "none", **own})
    site, host = planned.site("vps"), planned.host("vps")
    network.attach_host(site, host, lambda _: None)
    inside = [line for namespace, line in made if namespace == host.namespace]
    assert inside[-2:] == [f"route add {site.transit}/32 dev eth0", f"route add default via {site.transit} dev eth0"]
    assert (site.router, "route replace 203.0.113.20/32 dev lan") in made
    assert site.public_addresses == (host.host.lan_address,)
