"""Every join token taken back."""

from __future__ import annotations

from engine.inventory import here, is_speaker
from engine.phase import phase
from operations import kubernetes


@phase("Join tokens")
def take_tokens_back() -> None:
    """Take back every join token, whoever made it: the deploy makes one when it needs it, for as long as it needs it."""
    if is_speaker():
        kubernetes.tokens_removed(name="Take all join tokens back", first=here().name, mark="")
