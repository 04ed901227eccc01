"""kubeadm's certificates on a control plane: renewal, the API's SANs, and the restart of the programs that read them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.observed.certificates import Certificate
from engine import remote
from engine.fail import fail
from engine.wait import answered, poll_script
from facts.certificates import API, Components, Issued, Named, Served
from facts.kubernetes import KUBECTL, Membership
from operations import kubeadm_script
from operations.systemd import will_have_changed

# Component → files that it reads at its start only. The API's own certificate is missing, because the API reloads that by itself.
READERS: Mapping[str, tuple[str, ...]] = {
    "etcd": ("/etc/kubernetes/pki/etcd/server.crt", "/etc/kubernetes/pki/etcd/peer.crt"),
    "kube-apiserver": (
        "/etc/kubernetes/pki/apiserver-kubelet-client.crt",
        "/etc/kubernetes/pki/apiserver-etcd-client.crt",
        "/etc/kubernetes/pki/front-proxy-client.crt",
    ),
    "kube-controller-manager": ("/etc/kubernetes/controller-manager.conf",),
    "kube-scheduler": ("/etc/kubernetes/scheduler.conf",),
}
# Annotation in a component's manifest: when the certificates that it reads were written.
NOTED = "isthmus/certificates"
# kubelet's back-off for a container that failed often is up to five minutes.
RESTART_WAIT_S = 330
# The API checks its certificate file once a minute if inotify reports no change.
SERVE_WAIT_S = 90
FOLDER = "/etc/kubernetes/isthmus-pki"
MANIFESTS = "/etc/kubernetes/manifests"


@operation()
def renew(within_days: int) -> Generator[StringCommand, None, None]:
    """
    Renew all certificates of kubeadm if one of them expires soon. Their names stay.

    + within_days: renew if a certificate expires in less than so many days
    """
    found = host.get_fact(Issued)
    if not found:
        yield fail("the certificates in /etc/kubernetes could not be read")
        return
    first_end = min(certificate.end for certificate in found.values())
    if first_end - time.time() >= within_days * 24 * 3600:
        host.noop(f"all certificates are valid for more than {within_days} days")
        return
    host.log(f"the first of {len(found)} certificates expires on {time.strftime('%Y-%m-%d', time.gmtime(first_end))}")
    yield StringCommand("kubeadm certs renew all > /dev/null")


@operation()
def api_sans(
    names: Callable[[], Sequence[str] | None], document: Callable[[str, str], str | None], port: int
) -> Generator[StringCommand, None, None]:
    """
    Add missing SANs to the API's certificate on this control plane, and to kubeadm's configuration in the cluster. Other SANs
    stay. On a host without an API nothing is done: its certificate gets the SANs when kubeadm makes it.

    + names: returns the wanted SANs, or None if an address is not known yet
    + document: returns kubeadm's file for the cluster's ClusterConfiguration and a folder for certificates, or None if an address is not known yet
    + port: port of the API
    """
    membership, found, wanted = host.get_fact(Membership), host.get_fact(Named), names()
    if membership is None or found is None or (wanted is None and state.is_executing):
        yield fail("the API's certificate, or this host's address in the tailnet, could not be read")
        return
    missing = [name for name in wanted or () if name not in found]
    if not missing or not membership.pki:
        host.noop("the API's certificate has all SANs")
        return
    host.log(f"the API's certificate lacks the SANs {', '.join(missing)}")
    if not state.is_executing:
        yield StringCommand("true")
        return
    yield from _add_sans(document, port)


@operation()
def restart_readers(components: Sequence[str], after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    Restart, all at once, the components of the control plane that run with older certificates than those on the disk.

    + components: names of their containers
    + after: operations that write their certificates
    """
    # After an interrupted run, the API may be restarting at this moment.
    found, started = host.get_fact(Issued), answered(Components, RESTART_WAIT_S)
    if found is None or started is None:
        yield fail(
            "the certificates in /etc/kubernetes could not be read, or the API does not answer; see `journalctl -u kubelet`"
        )
        return
    written = {component: _newest(found, READERS[component]) for component in components}
    are_new = will_have_changed(after)
    outdated = [component for component in components if are_new or started.get(component, 0) < written[component]]
    if not outdated:
        host.noop(f"{' and '.join(components)} have read their certificates")
        return
    yield StringCommand("sh -s", _stdin=_restart({component: written[component] for component in outdated}))


@operation()
def wait_served(port: int, after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    Wait until the API serves the certificate that is on the disk, checked by a TLS handshake.

    + port: port of the API
    + after: operations that write the certificate
    """
    found, served = host.get_fact(Issued), host.get_fact(Served, port=port)
    wanted = found.get(API) if found else None
    if wanted is None or served is None:
        yield fail("the API's certificate could not be read")
        return
    if served == wanted.serial and not will_have_changed(after):
        host.noop("the API serves its current certificate")
        return
    yield _handshake(port)


def _handshake(port: int) -> StringCommand:
    return StringCommand(
        f"wanted=$(openssl x509 -noout -serial -in {API}); "
        + poll_script(
            f"{Served().command(port)}\n:",
            seconds=SERVE_WAIT_S,
            accept='test "serial=$state" = "$wanted"',
            otherwise=f"the API does not serve the certificate of {API}; the serial number of the one it serves",
        )
    )


def _add_sans(document: Callable[[str, str], str | None], port: int) -> Generator[StringCommand, None, None]:
    try:
        current = remote.run(host.name, kubeadm_script.CLUSTER_CONFIGURATION)
    except remote.RemoteFailure as failure:
        yield fail(f"kubeadm's ConfigMap in the cluster could not be read: {failure}")
        return
    for_cluster, for_certificate = document(current, ""), document(current, FOLDER)
    if for_cluster is None or for_certificate is None:
        yield fail(
            "the tailnet addresses of all control planes must be known; does `tailscale status` on each show one?"
        )
        return
    upload = kubeadm_script.script("init phase upload-config kubeadm", for_cluster, is_node=True)
    yield StringCommand("sh -s", _stdin=upload)
    # kubeadm keeps an existing certificate, so the new one is made in another folder.
    # It is moved after its key: until then the API goes on with the old pair.
    here = API.rpartition("/")[0]
    yield StringCommand(f"rm -rf {FOLDER} && mkdir -m 700 {FOLDER} && ln -s {here}/ca.crt {here}/ca.key {FOLDER}/")
    make = kubeadm_script.script("init phase certs apiserver", for_certificate, is_node=True)
    yield StringCommand("sh -s", _stdin=make)
    yield StringCommand(f"mv {FOLDER}/apiserver.key {here}/ && mv {FOLDER}/apiserver.crt {here}/ && rm -r {FOLDER}")
    yield _handshake(port)


def _newest(found: Mapping[str, Certificate], paths: Sequence[str]) -> int:
    return max((found[path].written for path in paths if path in found), default=0)


def _restart(written: Mapping[str, int]) -> str:
    """Annotate each manifest with the time at which its certificates were written, and wait until the API reports the new pods as ready.

    A changed manifest is a new pod for kubelet, which starts it at once. A container that is just killed counts as a failure,
    after which kubelet may wait up to five minutes (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy).
    """
    path = f"{{.metadata.annotations.{NOTED}}} {{.status.containerStatuses[0].ready}}"
    notes = " && ".join(f"note {component} {moment}" for component, moment in written.items())
    ready = " && ".join(f"ready {component} {moment}" for component, moment in written.items())
    return f"""\
note() {{
  (umask 077; {KUBECTL} annotate --local --overwrite -f {MANIFESTS}/$1.yaml {NOTED}=$2 -o yaml > {MANIFESTS}/../isthmus-manifest.yaml) &&
    mv {MANIFESTS}/../isthmus-manifest.yaml {MANIFESTS}/$1.yaml
}}
ready() {{
  found=$({KUBECTL} --request-timeout=5s -n kube-system get pod $1-$(uname -n) -o jsonpath='{path}' 2>&1)
  echo "$found"; test "$found" = "$2 true"
}}
{notes} || exit
{poll_script(ready, seconds=RESTART_WAIT_S, otherwise=f"{' or '.join(written)} is not ready after the restart")}
"""
