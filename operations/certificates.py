"""kubeadm's certificates on a control plane: renewed, read by what uses them, and shown by the API."""

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

# Each with what it reads when it starts. The API's own certificate is not there: it reads that again as soon as it is written.
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
# In the manifest of a component: when what it reads was written.
NOTED = "isthmus/certificates"
# kubelet starts again what has failed often of late only after up to five minutes.
RESTART_WAIT_S = 330
# The API looks at its certificate once a minute where no change of the file is told to it.
SERVE_WAIT_S = 90
FOLDER = "/etc/kubernetes/isthmus-pki"
MANIFESTS = "/etc/kubernetes/manifests"


@operation()
def renew(within_days: int) -> Generator[StringCommand, None, None]:
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
def api_sans(
    names: Callable[[], Sequence[str] | None], document: Callable[[str, str], str | None], port: int
) -> Generator[StringCommand, None, None]:
    """
    Have the API's certificate on this control plane, and what kubeadm knows of it, name all by which somebody may call the API. Other
    names stay. A host that runs no API yet gets them from kubeadm.

    + names: gives them, or None where they can't be known
    + document: gives kubeadm's file for what it knows already and a folder for certificates, or None where it can't be known
    + port: of the API
    """
    membership, found, wanted = host.get_fact(Membership), host.get_fact(Named), names()
    if membership is None or found is None or (wanted is None and state.is_executing):
        yield fail("the API's certificate, or this host's address in the tailnet, could not be read")
        return
    missing = [name for name in wanted or () if name not in found]
    if not missing or not membership.pki:
        host.noop("the certificate has every name")
        return
    host.log(f"the API's certificate does not name {', '.join(missing)}")
    if not state.is_executing:
        yield StringCommand("true")
        return
    yield from _name(document, port)


@operation()
def restart_readers(components: Sequence[str], after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    Have components of the control plane be started, together, after what they read was written.

    + components: as their containers are called
    + after: operations that write what they read
    """
    # Where a run was interrupted, kubelet may be about to start the API again.
    found, started = host.get_fact(Issued), answered(Components, RESTART_WAIT_S)
    if found is None or started is None:
        yield fail("the API does not answer, or the certificates could not be read")
        return
    written = {component: _newest(found, READERS[component]) for component in components}
    are_new = will_have_changed(after)
    late = [component for component in components if are_new or started.get(component, 0) < written[component]]
    if not late:
        host.noop(f"{' and '.join(components)} have read their certificates")
        return
    yield StringCommand("sh -s", _stdin=_restart({component: written[component] for component in late}))


@operation()
def wait_served(port: int, after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    See, by a TLS handshake, that the API shows the certificate that lies on the disk.

    + port: of the API
    + after: operations that make it another one
    """
    found, shown = host.get_fact(Issued), host.get_fact(Served, port=port)
    wanted = found.get(API) if found else None
    if wanted is None or shown is None:
        yield fail("the API's certificate could not be read")
        return
    if shown == wanted.serial and not will_have_changed(after):
        host.noop("the API shows its certificate")
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


def _name(document: Callable[[str, str], str | None], port: int) -> Generator[StringCommand, None, None]:
    try:
        known = remote.run(host.name, kubeadm_script.KNOWN)
    except remote.RemoteFailure as failure:
        yield fail(f"what kubeadm keeps in the cluster could not be read: {failure}")
        return
    told, made = document(known, ""), document(known, FOLDER)
    if told is None or made is None:
        yield fail(
            "the tailnet addresses of all control planes must be known; does `tailscale status` on each show one?"
        )
        return
    yield StringCommand("sh -s", _stdin=kubeadm_script.script("init phase upload-config kubeadm", told, is_node=True))
    # kubeadm leaves a certificate alone that is there. It is put in place after its key: until then the API goes on with the old pair.
    here = API.rpartition("/")[0]
    yield StringCommand(f"rm -rf {FOLDER} && mkdir -m 700 {FOLDER} && ln -s {here}/ca.crt {here}/ca.key {FOLDER}/")
    yield StringCommand("sh -s", _stdin=kubeadm_script.script("init phase certs apiserver", made, is_node=True))
    yield StringCommand(f"mv {FOLDER}/apiserver.key {here}/ && mv {FOLDER}/apiserver.crt {here}/ && rm -r {FOLDER}")
    yield _handshake(port)


def _newest(found: Mapping[str, Certificate], paths: Sequence[str]) -> int:
    return max((found[path].written for path in paths if path in found), default=0)


def _restart(written: Mapping[str, int]) -> str:
    """Note in each manifest when its certificates were written, and wait until the API knows those pods as ready.

    For kubelet that is another pod. A container that is merely ended is the same one that failed again, and waits for up to five minutes
    (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy).
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
  said=$({KUBECTL} --request-timeout=5s -n kube-system get pod $1-$(uname -n) -o jsonpath='{path}' 2>&1); echo "$said"; test "$said" = "$2 true"
}}
{notes} || exit
{poll_script(ready, seconds=RESTART_WAIT_S, otherwise=f"{' or '.join(written)} did not come back")}
"""
