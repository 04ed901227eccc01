"""Images on the nodes before an upgrade, or anything else, needs them."""

from __future__ import annotations

from operations import cleaning, images
from operations.barrier import every_host_is_ready
from phases import phase
from phases.called import given
from phases.declared import cluster, here


@phase("Images")
def pull() -> None:
    """Have every node hold the images of `--data version=`, of the declared version without it."""
    whole, this = cluster(), here()
    version = given().get("version") or whole.kubernetes_version
    images.pulled(name="Pull the images", cluster=whole, this=this, version=version)
    every_host_is_ready(name="what can be pulled is there")
    # One archive at a time lies on the operator's machine.
    images.sent(name="Send what can't be pulled", cluster=whole, this=this, version=version, _serial=True)
    cleaning.gone(name="Leave no archive behind", paths=[images.ARCHIVE, images.TEMPORARY])
