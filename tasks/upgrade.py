"""Bring what runs to the versions of the inventory: Kubernetes, containerd, tailscale, headscale, flannel. Takes only=, force=, timeout=."""

from day_two import upgrade, upgrade_check

upgrade_check.look_ahead()
upgrade.tailnet()
upgrade.coordination()
upgrade.nodes_of_the_cluster()
upgrade.flannel()
