"""etcd's members, asked and removed on a control plane."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.preflight.remove_host import quorum_problem
from engine import remote
from engine.fail import fail
from facts.etcd import ETCDCTL, Members
from facts.paths import Present

# While it is there, kubeadm reset takes the member of this host out of etcd.
MEMBER = "/etc/kubernetes/manifests/etcd.yaml"


@operation()
def check_quorum(leaving: str) -> Generator[StringCommand, None, None]:
    """
    Refuse, before anything else is done, what etcd could not bear. Changes nothing.

    + leaving: name of the control plane that shall go
    """
    members = host.get_fact(Members)
    reason = "etcd could not be asked for its members" if members is None else quorum_problem(members, leaving)
    if reason:
        yield fail(reason)
    else:
        host.noop("etcd can do without it")


@operation()
def remove_member(leaving: str, is_reset: bool) -> Generator[StringCommand, None, None]:
    """
    Have etcd forget a member that did not say good-bye itself.

    + leaving: name of the control plane that goes
    + is_reset: whether it can be reached, so that `reset` comes before: kubeadm takes its member out (for the preview)
    """
    members = host.get_fact(Members)
    if members is None:
        yield fail("etcd could not be asked for its members")
        return
    gone = [member for member in members if member.name == leaving]
    if not gone:
        host.noop("etcd has no such member")
    elif reason := quorum_problem(members, leaving):
        yield fail(reason)
    elif not state.is_executing and is_reset and remote.fact(leaving, Present, paths=[MEMBER]):
        host.noop("kubeadm will have taken it out")
    else:
        yield StringCommand(f"{ETCDCTL} member remove {gone[0].id}")
