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
