"""The script that runs kubeadm: its file comes by standard input and exists under /run only while kubeadm runs."""

from __future__ import annotations

import base64
import shlex

from pyinfra.api import StringCommand

from cluster.documents import flannel
from engine.wait import deadline_script, poll_script
from facts.kubernetes import KUBECTL, PROXIES

FOLDER = "/run/isthmus"
KUBEADM_TIMEOUT_S = 900
CRI_WAIT_S = 300
# crictl asks the CRI itself; where it is not installed, ctr shows at least that containerd has time for an answer.
CRI_ANSWERS = (
    "if command -v crictl > /dev/null; then timeout 10 crictl --runtime-endpoint unix:///run/containerd/containerd.sock version; "
    "else timeout 10 ctr version; fi 2>&1"
)
CRI_SILENT = (
    f"containerd did not answer for {CRI_WAIT_S} s: it has stopped, or this machine is too busy. See `journalctl -u containerd` "
    "and `uptime` on it, then run again. Last answer"
)
FOREIGN = (
    "this host is a node of another cluster (its certificate authority is not this cluster's); nothing was changed on it. "
    "If it may leave that cluster, run `kubeadm reset` on it, which stops its pods, then run again"
)
UNFINISHED = (
    "this host has kubeadm's files, but the cluster has no Node of its name: a run was interrupted, or the Node was deleted. "
    "Run `kubeadm reset` on it, then run again"
)
# Prints the ClusterConfiguration that kubeadm stores in the cluster, for joins and upgrades.
CLUSTER_CONFIGURATION = (
    f"{KUBECTL} -n kube-system get configmap kubeadm-config -o jsonpath='{{.data.ClusterConfiguration}}'"
)
SILENT = (
    "the API does not answer, though this host has kubeadm's files. See `journalctl -u kubelet` and /var/log/pods on it; if "
    "`kubeadm init` was interrupted, run `kubeadm reset` on it, then run again. Last answer"
)
# The kubeadm of an interrupted run continues, and may have succeeded while this script waited for the lock.
# kubeadm reset leaves the bridge of an earlier pod network: if the new subnet is another one, no pod would start on that bridge.
_IF_NO_NODE = f"""\
test ! -f /etc/kubernetes/kubelet.conf || exit 0
if test -f {flannel.CNI_CONFIG}; then
  rm -rf {" ".join(flannel.FILES)}
  for link in {" ".join(flannel.LINKS)}; do ip link delete $link 2>/dev/null || true; done
fi"""


def script(verb: str, document: str, via: tuple[str, str] | None = None, is_node: bool = False) -> str:
    """A script for sh that runs `kubeadm VERB` with `document` as its file. kubeadm's output is shown only if it fails, without tokens and keys.

    `via` (a host name, a name): while kubeadm runs, /etc/hosts maps the name to that host's address.
    `is_node`: the host is a node already; False: a host that has become one in the meantime is left alone.

    containerd may be busy with images that the deploy itself prefetches, and kubeadm waits a few seconds for it only. So containerd's
    answer is waited for, and kubeadm runs again if that alone was missing: it checks it before it changes anything.
    """
    encoded = base64.encodebytes(document.encode()).decode()
    files = f"{FOLDER}/kubeadm.$$"
    return f"""\
umask 077
mkdir -p {FOLDER}
{_map_name(*via) if via else "unmap() { :; }"}
trap 'rm -f {files}.yaml {files}.log; unmap' EXIT
trap 'exit 1' HUP INT TERM
base64 -d > {files}.yaml <<'END-OF-FILE'
{encoded}END-OF-FILE
exec 9> {FOLDER}/lock
flock -w {KUBEADM_TIMEOUT_S} 9 || {{ echo 'another kubeadm of ours runs and does not end' >&2; exit 1; }}
{":" if is_node else _IF_NO_NODE}
umask 022
systemctl daemon-reload
{deadline_script(CRI_WAIT_S)}
while :; do
  {poll_script(CRI_ANSWERS, seconds=0, otherwise=CRI_SILENT)}
  (umask 077; : > {files}.log)
  timeout {KUBEADM_TIMEOUT_S} kubeadm {verb} --config {files}.yaml < /dev/null >> {files}.log 2>&1 && exit 0
  test "$(grep -o '[[]ERROR [A-Za-z]*' {files}.log | sort -u)" = '[ERROR CRI' || break
  test "$(date +%s)" -lt "$end" || break
done
echo 'kubeadm {verb.split()[0]} failed:' >&2
tail -n 30 {files}.log | sed -E 's/[a-z0-9]{{6}}\\.[a-z0-9]{{16}}/(token)/g; s/[0-9a-f]{{64}}/(key)/g' >&2
exit 1
"""


def wait_for_api(seconds: int) -> StringCommand:
    """A command that waits until the API on this host is ready, for at most `seconds`."""
    return StringCommand(poll_script(f"{KUBECTL} get --raw /readyz 2>&1", seconds=seconds, otherwise=SILENT))


def _map_name(host: str, name: str) -> str:
    """Lines for sh that map `name` to the address of `host` in /etc/hosts, and the function `unmap` that undoes that."""
    mark = "# isthmus joins by this"
    return f"""\
unmap() {{
  sed -i '/{mark}$/d' /etc/hosts
  # A kube-proxy that started meanwhile has a copy of the file; kubelet replaces a killed kube-proxy.
  for p in {PROXIES}; do p=${{p%/comm}}; if grep -qs '{mark}$' $p/root/etc/hosts; then kill -TERM "${{p#/proc/}}"; fi; done
}}
first=$(getent ahostsv4 {shlex.quote(host)} | head -n 1 | cut -d' ' -f1)
sed -i "1i $first {shlex.quote(name)} {mark}" /etc/hosts"""
