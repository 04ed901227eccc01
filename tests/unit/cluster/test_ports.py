"""What is derived from the ports of a host, for the reference and every test inventory: `tests/cases/ports/NAME.yaml`.

Recorded from the four places that each had a list of ports of their own.
"""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
import yaml

from cluster.documents import iptables
from cluster.model import Cluster
from cluster.preflight.hosts import listening_ports
from lab.load_inventory import load
from report import exposure
from tests.places import CASES, PROJECT

EVERYBODY, OFFICE = IPv4Network("0.0.0.0/0"), IPv4Network("198.51.100.7/32")
CASES_OF_PORTS = sorted((CASES / "ports").glob("*.yaml"))


def declared(name: str) -> Cluster:
    """The test inventory of that name, or the reference; `open-api` is the reference with an API for everybody."""
    folder = PROJECT if name in ("reference", "open-api") else PROJECT / "tests" / "inventories" / name
    cluster = load(folder / "inventory.py")
    return cluster.model_copy(update={"api_access": (EVERYBODY, OFFICE)}) if name == "open-api" else cluster


def derived(cluster: Cluster) -> dict[str, dict[str, object]]:
    """Host → the ports that preflight wants free, the packet filter's INPUT rules, and the ports that verify expects open."""
    return {
        host.name: {
            "preflight": {
                f"{protocol} {port}": list(programs)
                for (protocol, port), programs in listening_ports(cluster, host).items()
            },
            "input": [rule.match for rule in iptables.needed(cluster, host) if rule.chain == "INPUT"],
            "expected": sorted(exposure.expected(cluster, host)),
        }
        for host in cluster.hosts
    }


def test_every_inventory_has_a_case() -> None:
    inventories = {path.name for path in (PROJECT / "tests" / "inventories").iterdir()}
    assert {path.stem for path in CASES_OF_PORTS} == {*inventories, "reference", "open-api"}


@pytest.mark.parametrize("case", CASES_OF_PORTS, ids=lambda path: path.stem)
def test_ports_of_each_host(case) -> None:
    assert derived(declared(case.stem)) == yaml.safe_load(case.read_text())
