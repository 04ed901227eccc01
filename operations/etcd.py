"""etcd's members: the check of the quorum, and the removal of a member."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.preflight.remove_host import quorum_problem
from engine import remote
from engine.fail import fail
from facts.etcd import ETCDCTL, Members
from facts.paths import Present

# While this manifest exists, `kubeadm reset` removes this host's member from etcd.
MEMBER = "/etc/kubernetes/manifests/etcd.yaml"
_UNREADABLE = "etcd's members could not be listed; does etcd run? See /var/log/pods/kube-system_etcd-* on this host"


@operation()
def check_quorum(leaving: str) -> Generator[StringCommand, None, None]:
    """
    Fail if etcd would lose its quorum without a member. Changes nothing.

    + leaving: name of the control plane to be removed
    """
    members = host.get_fact(Members)
    reason = _UNREADABLE if members is None else quorum_problem(members, leaving)
    if reason:
        yield fail(reason)
    else:
        host.noop("etcd keeps its quorum")


@operation()
def remove_member(leaving: str, is_reset: bool) -> Generator[StringCommand, None, None]:
    """
    Remove a member from etcd if `kubeadm reset` on its host has not removed it already.

    + leaving: name of the control plane to be removed
    + is_reset: whether `kubeadm reset` runs on that host before (for the preview); False if the host can't be reached
    """
    members = host.get_fact(Members)
    if members is None:
        yield fail(_UNREADABLE)
        return
    removed = [member for member in members if member.name == leaving]
    if not removed:
        host.noop("etcd has no such member")
    elif reason := quorum_problem(members, leaving):
        yield fail(reason)
    elif not state.is_executing and is_reset and remote.fact(leaving, Present, paths=[MEMBER]):
        host.noop("`kubeadm reset` removes the member")
    else:
        yield StringCommand(f"{ETCDCTL} member remove {removed[0].id}")
