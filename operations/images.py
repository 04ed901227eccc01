"""Container images on nodes before they are needed: by a pull, or as a copy from another node."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from pyinfra import host, state
from pyinfra.api import FileUploadCommand, StringCommand, operation
from pyinfra.api.command import PyinfraCommand

from cluster import images
from cluster.documents.containerd import MIRRORS_PATH
from cluster.model import Cluster, Host
from engine import remote
from engine.fail import fail
from engine.inventory import active_hosts
from facts.containerd import CTR, Answering, Pulled
from facts.dpkg import Arch
from facts.kubernetes import Images, Membership

ARCHIVE = "/var/cache/isthmus/images.tar"
# The login user may write here; /tmp may be a tmpfs, and too small.
TEMPORARY = "/var/tmp/isthmus-images.tar"  # noqa: S108
UNIT = "isthmus-images.service"
# ctr reads registry mirrors only from this option.
PULL = f"{CTR} images pull --hosts-dir {MIRRORS_PATH}"
# Without --local, ctr may exit with 0 before it has written the end of the archive: it does not wait for the goroutine that copies
# containerd's stream (core/transfer/archive/exporter.go, MarshalAny; containerd 2.3).
EXPORT = f"{CTR} images export --local"
PULL_S, SEND_S = 900, 1800
UNKNOWN = (
    "the images could not be listed; do `kubeadm config images list` and `ctr -n k8s.io images list` work on this host, "
    "and does its kubeadm support that version?"
)


@operation()
def prefetch(images: Callable[[], Sequence[str] | None]) -> Generator[StringCommand, None, None]:
    """
    Start to pull images in the background on a host that will become a node. Nothing waits for the end, and kubelet pulls what
    could not be pulled here. On a node nothing is done.

    + images: returns the images when the operation runs, in the order in which they are needed; None if kubeadm can't list them
    """
    found = host.get_fact(Membership)
    if found is None:
        yield fail("kubeadm's files in /etc/kubernetes could not be read")
        return
    if found.configured:
        host.noop("the host is a node")
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    names = images()
    if names is None:
        yield fail("kubeadm could not list its images; run `kubeadm config images list` on this host to see why")
        return
    pulls = "; ".join(f"{PULL} {shlex.quote(name)}" for name in names)
    # The unit of an interrupted run may still be active. Nice=10: other programs of the host come first.
    start = f"systemd-run --quiet --collect --unit={UNIT} --property=Nice=10 sh -c {shlex.quote(pulls)}"
    yield StringCommand(f"systemctl is-active -q {UNIT} || {start}")


@operation()
def pull(cluster: Cluster, node: Host, version: str) -> Generator[StringCommand, None, None]:
    """
    Pull the images that this node will run, except those whose registry and mirrors this site can't reach.

    + cluster: the declared cluster
    + node: the model of this host
    + version: version of Kubernetes
    """
    missing = _missing(cluster, node, version)
    if missing is None:
        yield fail(UNKNOWN)
        return
    unreachable = _unreachable(node, missing)
    reachable = [image for image in missing if image not in unreachable]
    if not reachable:
        host.noop("no image is left to pull")
    for image in reachable:
        yield StringCommand(f"timeout {PULL_S} {PULL} {shlex.quote(image)} > /dev/null")


@operation()
def send(cluster: Cluster, node: Host, version: str) -> Generator[PyinfraCommand, None, None]:
    """
    Copy the images that this node can't pull from another node of its architecture, over SSH through the operator's machine.

    + cluster: the declared cluster
    + node: the model of this host
    + version: version of Kubernetes
    """
    missing = _missing(cluster, node, version)
    if missing is None:
        yield fail(UNKNOWN)
        return
    wanted = _unreachable(node, missing)
    if not wanted:
        host.noop("no image is left to copy")
        return
    if not state.is_executing:
        host.log(f"No registry of {', '.join(wanted)} answers here: they are copied from another node")
        yield StringCommand("true")
        return
    source = _source(cluster, node, wanted)
    if source is None:
        yield fail(
            f"no registry of {', '.join(wanted)} answers here, and no other node of this architecture in this run has them. "
            "Name a mirror of the registry for this site, or pull the images on such a node first"
        )
        return
    local = Path("build") / f"images-for-{node.name}.tar"
    try:
        _export(source, wanted, local)
        yield StringCommand(f"mkdir -p {Path(ARCHIVE).parent}")
        yield FileUploadCommand(str(local), ARCHIVE, remote_temp_filename=TEMPORARY)
        yield StringCommand(
            f"timeout {SEND_S} {CTR} images import {ARCHIVE} > /dev/null; code=$?; rm -f {ARCHIVE}; exit $code"
        )
    except remote.RemoteFailure as failure:
        yield fail(f"the images could not be copied from {source}: {failure}")
    finally:
        local.unlink(missing_ok=True)


def _missing(cluster: Cluster, node: Host, version: str) -> list[str] | None:
    """The images that this node needs and does not have; None if they could not be listed."""
    of_kubeadm, pulled = host.get_fact(Images, version=version), host.get_fact(Pulled)
    if not of_kubeadm or pulled is None:
        return None
    return [image for image in images.needed(cluster, node, of_kubeadm) if image not in pulled]


def _unreachable(node: Host, missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    sources = images.sources(node, missing)
    answering = host.get_fact(Answering, urls=sorted({url for urls in sources.values() for url in urls}))
    return images.unreachable_images(missing, sources, answering or ())


def _source(cluster: Cluster, node: Host, wanted: Sequence[str]) -> str | None:
    """The name of a node of this run that has all these images for this architecture; None if there is none."""
    running = active_hosts()
    for other in cluster.nodes:
        if other.name == node.name or other.name not in running:
            continue
        has_architecture = remote.fact(other.name, Arch) == host.get_fact(Arch)
        if has_architecture and set(wanted) <= set(remote.fact(other.name, Pulled) or ()):
            return other.name
    return None


def _export(source: str, wanted: Sequence[str], local: Path) -> None:
    """Export images on the node `source`, and copy the archive to the operator's machine. Raises RemoteFailure."""
    local.parent.mkdir(exist_ok=True)
    names = " ".join(map(shlex.quote, wanted))
    try:
        remote.run(
            source,
            f"mkdir -p {Path(ARCHIVE).parent}; rm -f {ARCHIVE}; {EXPORT} {ARCHIVE} {names} > /dev/null",
            timeout_s=SEND_S,
        )
        remote.fetch(source, ARCHIVE, local, TEMPORARY)
    finally:
        remote.run(source, f"rm -f {ARCHIVE}")
