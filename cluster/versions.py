"""Which versions go together, and what a host gets from its release, kernel, glibc, cgroup and architecture."""

from __future__ import annotations

KUBERNETES = "1.36.3"
HEADSCALE = "0.29.3"
TAILSCALE = "1.102.5"
CONTAINERD = "2.3.7"
FLANNEL = "0.28.10"
CNI_PLUGINS = "1.9.1"
