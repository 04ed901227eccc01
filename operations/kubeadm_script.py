"""How kubeadm is called: its file comes by standard input and lies under /run only as long as it takes."""

from __future__ import annotations

import base64
import shlex

from pyinfra.api import StringCommand

from engine.wait import poll_script
from facts.kubernetes import KUBECTL, PROXIES

FOLDER = "/run/isthmus"
KUBEADM_TIMEOUT_S = 900
FOREIGN = (
    "this host is a node of another cluster (its certificate authority is not this cluster's), and is left alone. "
    "If it shall leave that cluster: `kubeadm reset` on it ends what runs there; then run again"
)
UNFINISHED = (
    "kubeadm has been here, but the cluster knows no Node of this name: a run was interrupted, or the Node was deleted. "
    "`kubeadm reset` on it, then run again"
)
# The ClusterConfiguration that kubeadm keeps in the cluster, for whoever joins and for an upgrade.
KNOWN = f"{KUBECTL} -n kube-system get configmap kubeadm-config -o jsonpath='{{.data.ClusterConfiguration}}'"
SILENT = (
    "the API does not answer, though kubeadm has been here. `journalctl -u kubelet` and /var/log/pods on it tell why; if an init "
    "was interrupted, `kubeadm reset` on it, then run again. Last answer"
)
# The kubeadm of a run that was interrupted goes on, and may have ended well while this one waited.
# kubeadm leaves the pod network of an earlier membership behind: with another subnet no pod would start on its bridge.
_AS_A_NEWCOMER = """\
test ! -f /etc/kubernetes/kubelet.conf || exit 0
if test -f /etc/cni/net.d/10-flannel.conflist; then
  rm -rf /etc/cni/net.d/10-flannel.conflist /run/flannel/subnet.env /var/lib/cni/flannel /var/lib/cni/networks/cbr0
  for link in cni0 flannel.1; do ip link delete $link 2>/dev/null || true; done
fi"""


def script(verb: str, document: str, via: tuple[str, str] | None = None, is_node: bool = False) -> str:
    """For sh: run `kubeadm VERB` with that file. What it says is shown only where it fails, without tokens and keys.

    `via` (a host name, a name): while kubeadm runs, the name leads to that host. `is_node`: the host already is one.
    """
    encoded = base64.encodebytes(document.encode()).decode()
    here = f"{FOLDER}/kubeadm.$$"
    return f"""\
umask 077
mkdir -p {FOLDER}
{_detour(*via) if via else "straight() { :; }"}
trap 'rm -f {here}.yaml {here}.log; straight' EXIT
trap 'exit 1' HUP INT TERM
base64 -d > {here}.yaml <<'END-OF-FILE'
{encoded}END-OF-FILE
exec 9> {FOLDER}/lock
flock -w {KUBEADM_TIMEOUT_S} 9 || {{ echo 'another kubeadm of ours runs and does not end' >&2; exit 1; }}
{":" if is_node else _AS_A_NEWCOMER}
: > {here}.log
umask 022
systemctl daemon-reload
timeout {KUBEADM_TIMEOUT_S} kubeadm {verb} --config {here}.yaml < /dev/null >> {here}.log 2>&1 && exit 0
echo 'kubeadm {verb.split()[0]} failed:' >&2
tail -n 30 {here}.log | sed -E 's/[a-z0-9]{{6}}\\.[a-z0-9]{{16}}/(token)/g; s/[0-9a-f]{{64}}/(key)/g' >&2
exit 1
"""


def wait_for_api(seconds: int) -> StringCommand:
    """A command that waits until the API on this host is ready."""
    return StringCommand(poll_script(f"{KUBECTL} get --raw /readyz 2>&1", seconds=seconds, otherwise=SILENT))


def _detour(host: str, name: str) -> str:
    mark = "# isthmus joins by this"
    return f"""\
straight() {{
  sed -i '/{mark}$/d' /etc/hosts
  # kubelet has copied the file for a kube-proxy that has started meanwhile; it starts another one.
  for p in {PROXIES}; do p=${{p%/comm}}; if grep -qs '{mark}$' $p/root/etc/hosts; then kill -TERM "${{p#/proc/}}"; fi; done
}}
first=$(getent ahostsv4 {shlex.quote(host)} | head -n 1 | cut -d' ' -f1)
sed -i "1i $first {shlex.quote(name)} {mark}" /etc/hosts"""
