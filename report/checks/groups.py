"""Checks on which many others depend, by what they break."""

from __future__ import annotations

# Packets to or from the host.
NETWORK = ("host-unreachable", "host-slow", "lan-overlap", "foreign-reject-rule", "mtu-black-hole")
# Programs on the host: they can't write, or are refused for an expired certificate.
PROGRAMS = ("disk-pressure", "certificate-expiry")
ROUTES = ("route-not-advertised", "route-not-approved", "route-not-accepted")
# A node's part in Kubernetes.
NODE = (*PROGRAMS, *NETWORK, "dns-host", "tailnet-down")
# System pods that don't start.
IMAGES = ("image-pull", "image-architecture")
# A service's pods may run on any node, so a cause on another node breaks them too.
OTHER_NODES = (
    "host-unreachable", "host-slow", "disk-pressure", "foreign-reject-rule", "tailnet-down", "path-blocked", *ROUTES, "node-not-ready",
    "image-pull",
)  # fmt: skip
