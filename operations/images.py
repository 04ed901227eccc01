"""Images on a node before anything there asks for them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from facts.kubernetes import Membership
from operations.failing import fail

UNIT = "isthmus-images.service"
# Where containerd reads by which mirror a registry is reached.
PULL = "ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d"


@operation()
def pulled_ahead(images: Callable[[], Sequence[str] | None]) -> Generator[StringCommand, None, None]:
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
