"""Every join token taken back."""

from __future__ import annotations

from cluster.model import Cluster, Host
from engine.inventory import is_api_host
from engine.phase import phase
from operations import kubeadm


@phase("Join tokens")
def rotate_join_token(cluster: Cluster, host: Host) -> None:
    """Take back every join token, whoever made it: the deploy makes one when it needs it, for as long as it needs it."""
    if is_api_host():
        kubeadm.delete_tokens(name="Delete all join tokens", first=host.name, mark="")
