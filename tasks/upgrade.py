"""Upgrade Kubernetes, containerd, tailscale, headscale and flannel to the versions of the inventory. Takes --data only=, force=1, timeout=SECONDS."""

from day_two import upgrade, upgrade_check

upgrade_check.check_upgrade()
upgrade.tailnet()
upgrade.coordination()
upgrade.upgrade_nodes()
upgrade.flannel()
