"""Default values of the inventory; these versions are tested together in the lab."""

from __future__ import annotations

KUBERNETES = "1.36.3"
HEADSCALE = "0.29.3"
TAILSCALE = "1.102.5"
CONTAINERD = "2.3.7"
FLANNEL = "0.28.10"
CNI_PLUGINS = "1.9.1"
# tailscale's own default: the lowest MTU that IPv6 allows, which nearly every path carries (tailscale's net/tstun/mtu.go, safeTUNMTU).
TAILNET_MTU = 1280
