"""A host's way out: of the cluster by kubeadm, of etcd, of the API's list of nodes, of the tailnet."""

from __future__ import annotations

import shlex
import time
from collections.abc import Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.documents.kubeadm import RUNTIME_SOCKET
from cluster.preflight.remove_host import quorum_lost
from engine import remote
from engine.fail import fail
from facts.etcd import ETCDCTL, Members
from facts.headscale import Key, Keys, Nodes
from facts.kubernetes import KUBECTL, Membership
from facts.kubernetes import Nodes as KubernetesNodes
from facts.paths import Present
from facts.tailscale import Status
from operations import kubeadm

# Where kubeadm and kubelet keep what makes a host a node; kubeadm reset empties them.
STATE = (
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/pki/ca.crt",
    "/etc/kubernetes/manifests/*.yaml",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/etcd/member",
)
# While it is there, kubeadm reset takes the member of this host out of etcd.
MEMBER = "/etc/kubernetes/manifests/etcd.yaml"
RESET_TIMEOUT_S = 300


@operation()
def reset(authority_of: str = "") -> Generator[StringCommand, None, None]:
    """
    Have kubeadm end what runs here and forget what made this host a node. A node of another cluster is left alone.

    + authority_of: inventory name of a control plane of this cluster; empty where none is left to compare with
    """
    there, found = host.get_fact(Present, paths=STATE), host.get_fact(Membership)
    authority = remote.fact(authority_of, Membership) if authority_of else None
    if there is None or found is None or (authority_of and authority is None):
        yield fail("what kubeadm left on this host could not be read")
        return
    if found.kubelet and authority and authority.pki and found.kubelet != authority.pki:
        yield fail(kubeadm.FOREIGN)
        return
    if not there:
        host.noop("the host is no node")
        return
    yield StringCommand("sh -s", _stdin=_reset_script())


@operation()
def quorum_kept(leaving: str) -> Generator[StringCommand, None, None]:
    """
    Refuse, before anything else is done, what etcd could not bear. Changes nothing.

    + leaving: name of the control plane that shall go
    """
    members = host.get_fact(Members)
    reason = "etcd could not be asked for its members" if members is None else quorum_lost(members, leaving)
    if reason:
        yield fail(reason)
    else:
        host.noop("etcd can do without it")


@operation()
def member_removed(leaving: str, is_reset: bool) -> Generator[StringCommand, None, None]:
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
    elif reason := quorum_lost(members, leaving):
        yield fail(reason)
    elif not state.is_executing and is_reset and remote.fact(leaving, Present, paths=[MEMBER]):
        host.noop("kubeadm will have taken it out")
    else:
        yield StringCommand(f"{ETCDCTL} member remove {gone[0].id}")


@operation()
def node_deleted(node: str) -> Generator[StringCommand, None, None]:
    """
    Have the API forget a node; its controllers then start its pods elsewhere.

    + node: its name
    """
    nodes = host.get_fact(KubernetesNodes)
    if nodes is None:
        yield fail("the API does not answer")
    elif node not in {known.name for known in nodes}:
        host.noop("the cluster has no such Node")
    else:
        yield StringCommand(f"{KUBECTL} delete node {shlex.quote(node)} --timeout=60s")


@operation()
def logged_out() -> Generator[StringCommand, None, None]:
    """Have this host's client leave the tailnet."""
    found = host.get_fact(Status)
    if found is None:
        yield fail("tailscale's state could not be read")
    elif found.state in ("absent", "NeedsLogin", "unreachable"):
        host.noop("the host is in no tailnet")
    else:
        yield StringCommand("timeout 60 tailscale logout")


@operation()
def machine_deleted(hostname: str) -> Generator[StringCommand, None, None]:
    """
    Have headscale forget a machine, with its key, its address and its routes.

    + hostname: what it calls itself
    """
    nodes = host.get_fact(Nodes)
    if nodes is None:
        yield fail("headscale does not answer; `journalctl -u headscale -n 30` on this host tells why")
        return
    ids = [node.id for node in nodes if node.hostname == hostname]
    if not ids:
        host.noop("headscale knows no such machine")
        return
    yield StringCommand("; ".join(["set -e", *(f"headscale nodes delete --identifier {id_} --force" for id_ in ids)]))


@operation()
def keys_withdrawn(tag: str = "") -> Generator[StringCommand, None, None]:
    """
    Take back the keys for joining that a run which was interrupted has left. The deploy makes one when it needs it.

    + tag: what they would have made of a machine; empty: every key that still opens the tailnet, whoever made it
    """
    keys = host.get_fact(Keys)
    if keys is None:
        yield fail("headscale does not answer; `journalctl -u headscale -n 30` on this host tells why")
        return
    ids = [key.id for key in keys if (tag in key.tags if tag else _opens(key))]
    if not ids:
        host.noop("no key is left")
        return
    yield StringCommand(_without_keys(ids))


def _opens(key: Key) -> bool:
    return not key.spent and (not key.ends or key.ends > time.time())


def _without_keys(ids: Sequence[int]) -> str:
    # A used key can't be deleted everywhere; expired, it opens nothing.
    each = (f"headscale preauthkeys delete --id {id_} || headscale preauthkeys expire --id {id_}" for id_ in ids)
    return "; ".join(["set -e", *each])


def _reset_script() -> str:
    """kubeadm needs containerd to end the pods. What it says is shown only where it fails."""
    return f"""\
umask 077
mkdir -p {kubeadm.FOLDER}
log={kubeadm.FOLDER}/reset.$$.log
trap 'rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM
exec 9> {kubeadm.FOLDER}/lock
flock -w {RESET_TIMEOUT_S} 9 || {{ echo 'another kubeadm of ours runs and does not end' >&2; exit 1; }}
systemctl start containerd.service || exit 1
timeout {RESET_TIMEOUT_S} kubeadm reset --force --cri-socket {RUNTIME_SOCKET} < /dev/null > "$log" 2>&1 || {{
  echo 'kubeadm reset failed:' >&2; tail -n 30 "$log" >&2; exit 1; }}
# Enabled, it would wait at the next boot for a tailnet that this host has left.
systemctl disable --quiet --now kubelet.service
# kubeadm reports what it could not empty, and ends well: what is left would make this host look like a node.
rm -rf {" ".join(STATE)}
"""
