"""The deletion of all join tokens."""

from __future__ import annotations

from cluster.model import Cluster, Host
from engine.inventory import is_api_host
from engine.phase import phase
from operations import kubeadm


@phase("Join tokens")
def rotate_join_token(cluster: Cluster, host: Host) -> None:
    """Delete every join token, whoever made it: the deploy makes a new one whenever a host joins."""
    if is_api_host():
        kubeadm.delete_tokens(name="Delete all join tokens", first=host.name, mark="")
