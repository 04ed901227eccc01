"""What is derived from the ports of a host, for the reference and every test inventory: `tests/cases/ports/NAME.yaml`.

Recorded from the four places that each had a list of ports of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import yaml

from cluster import ports
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
def test_ports_of_each_host(case: Path) -> None:
    assert derived(declared(case.stem)) == yaml.safe_load(case.read_text())


def of_the_internet(roles: Iterable[str]) -> set[tuple[str, int, str]]:
    """Protocol, number and role of each port that the internet must reach, with the reference's numbers."""
    cluster = declared("reference")
    found = {(port, port.on(cluster, host)) for host in cluster.hosts for port in ports.PORTS}
    return {
        (port.protocol, number, port.role)
        for port, number in found
        if port.source == "internet" and number is not None and port.role in roles
    }


def named(text: str) -> set[tuple[str, int]]:
    """Protocol and number of each port in a text such as `TCP 443 and 80, and UDP 3478`."""
    lists = re.findall(r"\b(TCP|UDP) (\d+(?:(?:, | and )\d+)*)", text)
    return {(protocol.lower(), int(number)) for protocol, found in lists for number in re.findall(r"\d+", found)}


def test_the_readme_asks_to_open_the_ports_that_the_internet_must_reach() -> None:
    text = (PROJECT / "README.md").read_text()
    sentence = re.search(r"^ *Open (.+)\.$", text, re.M)
    assert sentence
    parts = re.findall(r"(.+?) to (?:every|the) (\w+)", sentence[1])
    assert {(*port, role) for found, role in parts for port in named(found)} == of_the_internet(
        ("host", "gateway", "coordinator", "node", "control_plane")
    )


def test_the_documentation_of_gateway_and_coordinator_on_one_host_names_the_ports_of_both() -> None:
    text = (PROJECT / "docs" / "inventory.md").read_text()
    section = text.split("**Gateway and coordinator on one host.**")[1].split("\n\n")[0]
    assert named(section) == {port[:2] for port in of_the_internet(("gateway", "coordinator"))}
