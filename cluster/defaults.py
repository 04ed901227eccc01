"""The versions that a cluster gets where the inventory names none: they were tried together, in the lab."""

from __future__ import annotations

KUBERNETES = "1.36.3"
HEADSCALE = "0.29.3"
TAILSCALE = "1.102.5"
CONTAINERD = "2.3.7"
FLANNEL = "0.28.10"
CNI_PLUGINS = "1.9.1"
