"""Every join token taken back."""

from __future__ import annotations

from engine.inventory import here, is_api_host
from engine.phase import phase
from operations import kubeadm


@phase("Join tokens")
def rotate_join_token() -> None:
    """Take back every join token, whoever made it: the deploy makes one when it needs it, for as long as it needs it."""
    if is_api_host():
        kubeadm.delete_tokens(name="Delete all join tokens", first=here().name, mark="")
