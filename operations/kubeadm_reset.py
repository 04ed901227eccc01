"""What makes a host a node, ended and removed by kubeadm."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from cluster.documents.kubeadm import RUNTIME_SOCKET
from engine import remote
from engine.fail import fail
from facts.kubernetes import Membership
from facts.paths import Present
from operations import kubeadm_script

# Where kubeadm and kubelet keep what makes a host a node; kubeadm reset empties them.
STATE = (
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/pki/ca.crt",
    "/etc/kubernetes/manifests/*.yaml",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/etcd/member",
)
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
        yield fail(kubeadm_script.FOREIGN)
        return
    if not there:
        host.noop("the host is no node")
        return
    yield StringCommand("sh -s", _stdin=_reset_script())


def _reset_script() -> str:
    """kubeadm needs containerd to end the pods. What it says is shown only where it fails."""
    return f"""\
umask 077
mkdir -p {kubeadm_script.FOLDER}
log={kubeadm_script.FOLDER}/reset.$$.log
trap 'rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM
exec 9> {kubeadm_script.FOLDER}/lock
flock -w {RESET_TIMEOUT_S} 9 || {{ echo 'another kubeadm of ours runs and does not end' >&2; exit 1; }}
systemctl start containerd.service || exit 1
timeout {RESET_TIMEOUT_S} kubeadm reset --force --cri-socket {RUNTIME_SOCKET} < /dev/null > "$log" 2>&1 || {{
  echo 'kubeadm reset failed:' >&2; tail -n 30 "$log" >&2; exit 1; }}
# Enabled, it would wait at the next boot for a tailnet that this host has left.
systemctl disable --quiet --now kubelet.service
# kubeadm reports what it could not empty, and ends well: what is left would make this host look like a node.
rm -rf {" ".join(STATE)}
"""
