"""The default versions, and which versions go together."""

from __future__ import annotations

# What a cluster gets if the inventory names no version; these are tested together in the lab.
DEFAULT_KUBERNETES = "1.36.3"
DEFAULT_HEADSCALE = "0.29.3"
DEFAULT_TAILSCALE = "1.102.5"
DEFAULT_CONTAINERD = "2.3.7"
DEFAULT_FLANNEL = "0.28.10"
DEFAULT_CNI_PLUGINS = "1.9.1"

# Kubernetes minor → the lowest containerd minor that containerd's own table recommends for it (RELEASES.md).
CONTAINERD_FOR = {(1, 35): (2, 1), (1, 36): (2, 2), (1, 37): (2, 3)}
CONTAINERD_NEWEST = (2, 4)
# headscale minor → the lowest tailscale client that it accepts (headscale's CHANGELOG.md).
TAILSCALE_FOR = {(0, 26): (1, 64), (0, 27): (1, 64), (0, 28): (1, 74), (0, 29): (1, 80)}
FLANNEL_LOWEST = (0, 28, 9)
CNI_PLUGINS_LOWEST = (1, 0, 0)
