"""Images of containers brought to nodes before they are needed."""

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
# Where the login user may write; in /tmp, which may be memory, there may be too little room.
TEMPORARY = "/var/tmp/isthmus-images.tar"  # noqa: S108
UNIT = "isthmus-images.service"
# Where containerd reads by which mirror a registry is reached.
PULL = f"{CTR} images pull --hosts-dir {MIRRORS_PATH}"
# Without --local, ctr may end with 0 before the end of the archive is written: containerd has sent all, and nobody waits for the copying
# (core/transfer/archive/exporter.go, MarshalAny; containerd 2.3).
EXPORT = f"{CTR} images export --local"
PULL_S, SEND_S = 900, 1800
UNKNOWN = "the images could not be listed: are kubeadm and containerd there, and does kubeadm know of that version?"


@operation()
def prefetch(images: Callable[[], Sequence[str] | None]) -> Generator[StringCommand, None, None]:
    """
    Have a host that is about to become a node begin to pull what will run on it. Nothing waits for that, and what can't be pulled now
    is kubelet's business later. On a node, nothing is done.

    + images: gives the images when the operation runs, those that are needed first in front; None where they can't be known
    """
    found = host.get_fact(Membership)
    if found is None:
        yield fail("what kubeadm left in /etc/kubernetes could not be read")
        return
    if found.configured:
        host.noop("the host is a node")
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    names = images()
    if names is None:
        yield fail("kubeadm can't say which images it wants; `kubeadm config images list` on the host tells why")
        return
    pulls = "; ".join(f"{PULL} {shlex.quote(name)}" for name in names)
    # An interrupted run's may still be at it. Other programs of the host come first.
    yield StringCommand(
        f"systemctl is-active -q {UNIT} || systemd-run --quiet --collect --unit={UNIT} --property=Nice=10 sh -c {shlex.quote(pulls)}"
    )


@operation()
def pull(cluster: Cluster, node: Host, version: str) -> Generator[StringCommand, None, None]:
    """
    Have this node pull the images that it will run, as far as its site reaches a registry of them or a mirror.

    + cluster: the declared one
    + node: the model of this host
    + version: of Kubernetes
    """
    missing = _missing(cluster, node, version)
    if missing is None:
        yield fail(UNKNOWN)
        return
    reached = [image for image in missing if image not in _cut_off(node, missing)]
    if not reached:
        host.noop("nothing is left to pull")
    for image in reached:
        yield StringCommand(f"timeout {PULL_S} {PULL} {shlex.quote(image)} > /dev/null")


@operation()
def send(cluster: Cluster, node: Host, version: str) -> Generator[PyinfraCommand, None, None]:
    """
    Have this node get the images that it can't pull from another one of its architecture, through the operator's machine by SSH.

    + cluster: the declared one
    + node: the model of this host
    + version: of Kubernetes
    """
    missing = _missing(cluster, node, version)
    if missing is None:
        yield fail(UNKNOWN)
        return
    wanted = _cut_off(node, missing)
    if not wanted:
        host.noop("it needs nothing from other nodes")
        return
    if not state.is_executing:
        host.log(f"No registry of {', '.join(wanted)} answers here: another node gives them")
        yield StringCommand("true")
        return
    giver = _giver(cluster, node, wanted)
    if giver is None:
        yield fail(
            f"no registry of {', '.join(wanted)} answers here, and no other node of this architecture in this run has them"
        )
        return
    local = Path("build") / f"images-for-{node.name}.tar"
    try:
        _take(giver, wanted, local)
        yield StringCommand(f"mkdir -p {Path(ARCHIVE).parent}")
        yield FileUploadCommand(str(local), ARCHIVE, remote_temp_filename=TEMPORARY)
        yield StringCommand(
            f"timeout {SEND_S} {CTR} images import {ARCHIVE} > /dev/null; code=$?; rm -f {ARCHIVE}; exit $code"
        )
    except remote.RemoteFailure as failure:
        yield fail(f"{giver} gave no images: {failure}")
    finally:
        local.unlink(missing_ok=True)


def _missing(cluster: Cluster, node: Host, version: str) -> list[str] | None:
    named, there = host.get_fact(Images, version=version), host.get_fact(Pulled)
    if not named or there is None:
        return None
    return [image for image in images.needed(cluster, node, named) if image not in there]


def _cut_off(node: Host, missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    asked = images.sources(node, missing)
    answering = host.get_fact(Answering, urls=sorted({url for urls in asked.values() for url in urls}))
    return images.unreachable_images(missing, asked, answering or ())


def _giver(cluster: Cluster, node: Host, wanted: Sequence[str]) -> str | None:
    """A node of the run that has all of them for this architecture."""
    running = active_hosts()
    for other in cluster.nodes:
        if other.name == node.name or other.name not in running:
            continue
        is_like = remote.fact(other.name, Arch) == host.get_fact(Arch)
        if is_like and set(wanted) <= set(remote.fact(other.name, Pulled) or ()):
            return other.name
    return None


def _take(giver: str, wanted: Sequence[str], local: Path) -> None:
    local.parent.mkdir(exist_ok=True)
    names = " ".join(map(shlex.quote, wanted))
    try:
        remote.run(
            giver,
            f"mkdir -p {Path(ARCHIVE).parent}; rm -f {ARCHIVE}; {EXPORT} {ARCHIVE} {names} > /dev/null",
            timeout_s=SEND_S,
        )
        remote.fetch(giver, ARCHIVE, local, TEMPORARY)
    finally:
        remote.run(giver, f"rm -f {ARCHIVE}")
