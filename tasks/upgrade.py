"""Bring what runs to the versions of the inventory: Kubernetes, containerd, tailscale, headscale, flannel. Takes only=, force=, timeout=."""

from phases import looking_ahead, upgrading

looking_ahead.look_ahead()
upgrading.tailnet()
upgrading.coordination()
upgrading.nodes_of_the_cluster()
upgrading.flannel()
