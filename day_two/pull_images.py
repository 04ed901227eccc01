"""Images on the nodes before an upgrade, or anything else, needs them."""

from __future__ import annotations

from engine.barrier import every_host_is_ready
from engine.command_line import given
from engine.inventory import cluster, here
from engine.phase import phase
from operations import images, uninstall


@phase("Images")
def pull() -> None:
    """Have every node hold the images of `--data version=`, of the declared version without it."""
    whole, this = cluster(), here()
    version = given().get("version") or whole.kubernetes_version
    images.pulled(name="Pull the images", cluster=whole, this=this, version=version)
    every_host_is_ready(name="what can be pulled is there")
    # One archive at a time lies on the operator's machine.
    images.sent(name="Send what can't be pulled", cluster=whole, this=this, version=version, _serial=True)
    uninstall.gone(name="Leave no archive behind", paths=[images.ARCHIVE, images.TEMPORARY])
