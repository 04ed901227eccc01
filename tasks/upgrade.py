"""Upgrade Kubernetes, containerd, tailscale, headscale and flannel to the versions of the inventory. Takes --data only=, force=1, timeout=SECONDS."""

from day_two import upgrade, upgrade_check

upgrade_check.look_ahead()
upgrade.tailnet()
upgrade.coordination()
upgrade.nodes_of_the_cluster()
upgrade.flannel()
