"""Images on the nodes before an upgrade needs them."""

from __future__ import annotations

from cluster.model import Cluster, Host
from engine.barrier import every_host_is_ready
from engine.command_line import given
from engine.phase import phase
from operations import images, uninstall


@phase("Images")
def pull_images(cluster: Cluster, host: Host) -> None:
    """Pull the images of `--data version=`, or of the declared version, on every node, or copy them from another node."""
    version = given().get("version") or cluster.kubernetes_version
    images.pull(name="Pull the images", cluster=cluster, node=host, version=version)
    every_host_is_ready(name="the images are pulled")
    # Serial, so that only one archive at a time is on the operator's machine.
    images.send(
        name="Copy images that can't be pulled from another node",
        cluster=cluster,
        node=host,
        version=version,
        _serial=True,
    )
    uninstall.absent(name="Delete the downloaded archive", paths=[images.ARCHIVE, images.TEMPORARY])
