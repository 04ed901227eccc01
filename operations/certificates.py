"""kubeadm's certificates on a control plane: renewed, read by what uses them, and shown by the API."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from facts.certificates import Certificate, Components, Issued, Served
from facts.kubernetes import KUBECTL
from operations.failing import fail
from operations.systemd import will_have_changed

API_CERTIFICATE = "/etc/kubernetes/pki/apiserver.crt"
# In the order in which they need each other; each with what it reads.
READERS: Mapping[str, tuple[str, ...]] = {
    "etcd": ("/etc/kubernetes/pki/etcd/server.crt", "/etc/kubernetes/pki/etcd/peer.crt"),
    "kube-apiserver": (
        API_CERTIFICATE,
        "/etc/kubernetes/pki/apiserver-kubelet-client.crt",
        "/etc/kubernetes/pki/apiserver-etcd-client.crt",
        "/etc/kubernetes/pki/front-proxy-client.crt",
    ),
    "kube-controller-manager": ("/etc/kubernetes/controller-manager.conf",),
    "kube-scheduler": ("/etc/kubernetes/scheduler.conf",),
}
RESTART_WAIT_S = 180
SERVE_WAIT_S = 60


@operation()
def renewed(within_days: int) -> Generator[StringCommand, None, None]:
    """
    Have kubeadm renew its certificates where one of them ends soon. Names in them stay as they are.

    + within_days: what soon means
    """
    found = host.get_fact(Issued)
    if not found:
        yield fail("the certificates in /etc/kubernetes could not be read")
        return
    due = [path for path, one in found.items() if one.end - time.time() < within_days * 24 * 3600]
    if not due:
        host.noop(f"every certificate is good for more than {within_days} days")
        return
    first = min(found.values(), key=lambda one: one.end)
    host.log(f"the first of {len(found)} certificates ends on {time.strftime('%Y-%m-%d', time.gmtime(first.end))}")
    yield StringCommand("kubeadm certs renew all > /dev/null")


@operation()
def read_by(component: str, after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    Have a component of the control plane be started after what it reads was written. kubelet starts it again by itself.

    + component: as its container is called
    + after: operations that write what it reads
    """
    found, started = host.get_fact(Issued), host.get_fact(Components)
    if found is None or started is None:
        yield fail("the API does not answer, or the certificates could not be read")
        return
    written = _newest(found, READERS[component])
    if started.get(component, 0) >= written and not will_have_changed(after):
        host.noop(f"{component} has read its certificates")
        return
    yield StringCommand("sh -s", _stdin=_restart(component))


@operation()
def served(port: int, after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    See, by a TLS handshake, that the API shows the certificate that lies on the disk.

    + port: of the API
    + after: operations that make it another one
    """
    found, shown = host.get_fact(Issued), host.get_fact(Served, port=port)
    wanted = found.get(API_CERTIFICATE) if found else None
    if wanted is None or shown is None:
        yield fail("the API's certificate could not be read")
        return
    if shown == wanted.serial and not will_have_changed(after):
        host.noop("the API shows its certificate")
        return
    question = Served().command(port)
    yield StringCommand(
        f"wanted=$(openssl x509 -noout -serial -in {API_CERTIFICATE}); end=$(($(date +%s) + {SERVE_WAIT_S})); "
        f'until shown=$({question}); test "serial=$shown" = "$wanted"; do if test "$(date +%s)" -ge $end; then '
        f'echo "the API shows the certificate with serial ${{shown:-none}}, not that of {API_CERTIFICATE}" >&2; exit 1; fi; sleep 1; done'
    )


def _newest(found: Mapping[str, Certificate], paths: Sequence[str]) -> int:
    return max((found[path].written for path in paths if path in found), default=0)


def _restart(component: str) -> str:
    """End its process, found by its name and by being a pod's; then wait until the API knows of the next one as ready.

    A static pod's container that ends is started again by kubelet, whoever ended it: neither crictl nor a manifest is needed.
    """
    state = f"{KUBECTL} --request-timeout=5s -n kube-system get pod {component}-$(uname -n)"
    path = "{.status.containerStatuses[0].ready} {.status.containerStatuses[0].state.running.startedAt}"
    return f"""\
since=$(date +%s)
for process in /proc/[0-9]*; do
  test "$(tr '\\0' '\\n' < $process/cmdline 2>/dev/null | head -n 1)" = {component} || continue
  if grep -q kubepods $process/cgroup; then kill -TERM "${{process#/proc/}}"; fi
done
end=$((since + {RESTART_WAIT_S}))
until said=$({state} -o jsonpath='{path}' 2>&1) && test "${{said% *}}" = true && test "$(date -d "${{said#* }}" +%s)" -ge $since; do
  if test "$(date +%s)" -ge $end; then echo "{component} did not come back: $said" >&2; exit 1; fi
  sleep 1
done
"""
