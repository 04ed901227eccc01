"""kubeadm reset: the end of a host's membership in the cluster."""

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

# Files that make a host a node; kubeadm reset removes them.
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
    Run `kubeadm reset` if this host is a node. Fail, without any change, if it is a node of another cluster.

    + authority_of: inventory name of a control plane, whose CA this host's is compared with; empty if no control plane is left
    """
    files, found = host.get_fact(Present, paths=STATE), host.get_fact(Membership)
    authority = remote.fact(authority_of, Membership) if authority_of else None
    if files is None or found is None or (authority_of and authority is None):
        yield fail("kubeadm's files on this host, or the cluster's CA on a control plane, could not be read")
        return
    if found.kubelet and authority and authority.pki and found.kubelet != authority.pki:
        yield fail(kubeadm_script.FOREIGN)
        return
    if not files:
        host.noop("the host is no node")
        return
    yield StringCommand("sh -s", _stdin=_reset_script())


def _reset_script() -> str:
    """kubeadm needs containerd to stop the pods. Its output is shown only if it fails."""
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
