"""Declared clusters and their worlds, for the lab's tests."""

from __future__ import annotations

from typing import Any

from cluster.inventory.declare import declare
from cluster.model import Cluster
from lab.world.plan import WorldPlan, plan

SHARED: dict[str, Any] = {
    "coordination_name": "mesh.example.org",
    "acme_email": "operator@example.org",
    "exceptions": ("container", "cgroup-v1"),
}
MIRRORS = {"registries": {"ghcr.io": ("https://ghcr.example.org",)}}
CLOUD = {"site": "cloud", "lan": "10.0.0.0/24", "nat": "one_to_one", "fabric": "routed", "delay_ms": 5}
HOME = {
    "site": "home",
    "lan": "192.168.1.0/24",
    "nat": "masquerade",
    "blocked": ("ghcr.io", "www.example.org"),
    "mirrors": MIRRORS,
}
OPEN = {"site": "open", "lan": "10.9.0.0/24", "nat": "none", "fabric": "routed"}
SERVED = ("pkgs.k8s.io", "ghcr.io")


def cluster(**hosts: dict[str, Any]) -> Cluster:
    first: dict[str, Any] = {
        **CLOUD,
        "roles": ("gateway", "coordinator", "control_plane"),
        "lan_address": "10.0.0.1",
        "public_address": "203.0.113.1",
        "ssh_hostname": "203.0.113.1",
    }
    return declare({name: {**SHARED, **values} for name, values in {"first": first, **hosts}.items()})


def world(**hosts: dict[str, Any]) -> WorldPlan:
    return plan("t", cluster(**hosts), SERVED)


def behind(address: str, called: str, port: int, **more: Any) -> dict[str, Any]:
    return {**HOME, "lan_address": address, "public_address": called, "ssh_hostname": called, "ssh_port": port, **more}
