"""The cluster: begun, joined, and its nodes as declared. All of it is said to kubeadm and to the API, never to etcd."""

from __future__ import annotations

import secrets
import shlex
import string
from collections.abc import Callable, Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.documents.kubeadm import TOKEN_LIFETIME, TOKEN_MARK, Admission, parse_join_command
from cluster.observed import nodes as desired
from cluster.observed.kubeadm_state import standing
from engine import remote
from engine.fail import fail
from facts.kubernetes import KUBECTL, JoinTokens, Membership, Nodes
from operations import kubeadm

API_WAIT_S = 120
_TOKEN_SIGNS = string.ascii_lowercase + string.digits


@operation()
def begun(document: Callable[[str], str | None], node: str) -> Generator[StringCommand, None, None]:
    """
    Have this host run the API of a cluster; a new one is made where the host belongs to none.

    + document: gives kubeadm's file for a join token (which `tokens_removed` takes away again), or None where it can't be known
    + node: name of this host's Node
    """
    found, nodes = host.get_fact(Membership), host.get_fact(Nodes)
    if found is None:
        yield fail("what kubeadm left in /etc/kubernetes could not be read")
        return
    stands = standing(found, found.pki, node in {known.name for known in nodes or ()})
    if stands == "outside":
        yield from _begin(document)
    elif stands == "foreign":
        yield fail(kubeadm.FOREIGN)
    elif nodes is None:
        yield StringCommand("systemctl start kubelet.service")
        yield kubeadm.until(f"{KUBECTL} get --raw /readyz", API_WAIT_S, kubeadm.SILENT)
    elif stands == "unfinished":
        yield fail(kubeadm.UNFINISHED)
    else:
        host.noop("the API answers")


@operation()
def joined(
    first: str,
    endpoint: str,
    document: Callable[[Admission], str | None],
    node: str,
    certificates: Callable[[str, str], str | None] | None = None,
) -> Generator[StringCommand, None, None]:
    """
    Have this host be a node of the cluster. A node of another cluster is refused, and nothing is done to it.

    + first: inventory name of the control plane that admits it
    + endpoint: name of the API
    + document: gives kubeadm's file for an admission, or None where it can't be known
    + node: name of this host's Node
    + certificates: for a further control plane: gives the file for what kubeadm knows already and the key under which `first` lends its CAs
    """
    found, cluster, nodes = host.get_fact(Membership), remote.fact(first, Membership), remote.fact(first, Nodes)
    if found is None or cluster is None or (nodes is None and state.is_executing):
        yield fail(f"what kubeadm left on this host could not be read, or the API on {first} does not answer")
        return
    stands = standing(found, cluster.pki, node in {known.name for known in nodes or ()})
    if stands == "member":
        host.noop("the host is a node")
    elif stands == "foreign":
        yield fail(kubeadm.FOREIGN)
    elif stands == "unfinished" and nodes is not None:
        yield fail(kubeadm.UNFINISHED)
    elif not state.is_executing:
        yield StringCommand("true")
    else:
        yield from _join(first, endpoint, document, node, certificates)


@operation()
def tokens_removed(
    first: str, members: Sequence[str] = (), mark: str = TOKEN_MARK
) -> Generator[StringCommand, None, None]:
    """
    Take back the join tokens that this run, or one that was interrupted, has made.

    + first: inventory name of this host, which runs the API
    + members: nodes that need a token if they are none yet (for the preview)
    + mark: how the tokens are described; empty for those of everybody
    """
    found, nodes = host.get_fact(JoinTokens, mark=mark), remote.fact(first, Nodes)
    if found is None or nodes is None:
        yield fail("the join tokens could not be listed: the API does not answer")
        return
    will_join = not state.is_executing and bool(set(members) - {node.name for node in nodes})
    if not found and not will_join:
        host.noop("no join token is left")
        return
    yield StringCommand(f"{KUBECTL} -n kube-system delete secret --ignore-not-found", *found)


@operation()
def nodes_settled(wanted: Sequence[desired.Settings]) -> Generator[StringCommand, None, None]:
    """
    Give nodes the labels and taints that are declared. Other labels stay, and so do taints that Kubernetes sets by itself.

    + wanted: for each node
    """
    found = host.get_fact(Nodes)
    known = {node.name: node for node in found or ()}
    missing = [settings.name for settings in wanted if settings.name not in known]
    if found is None or (missing and state.is_executing):
        yield fail(f"no Node of {', '.join(missing)}" if found is not None else "the API does not answer")
        return
    calls = [
        call
        for settings in wanted
        if settings.name in known
        for call in desired.corrections(settings, known[settings.name])
    ]
    if not calls and not missing:
        host.noop("nodes are labelled and tainted as declared")
        return
    yield StringCommand("; ".join(["set -e", *(f"{KUBECTL} {shlex.join(call)}" for call in calls)]))


def _begin(document: Callable[[str], str | None]) -> Generator[StringCommand, None, None]:
    if not state.is_executing:
        yield StringCommand("true")
        return
    text = document(_new_token())
    if text is None:
        yield fail(
            "the tailnet addresses of all control planes must be known; does `tailscale status` on each show one?"
        )
        return
    yield StringCommand("sh -s", _stdin=kubeadm.script("init --skip-token-print", text))
    yield kubeadm.until(f"{KUBECTL} get --raw /readyz", API_WAIT_S, kubeadm.SILENT)


def _join(
    first: str,
    endpoint: str,
    document: Callable[[Admission], str | None],
    node: str,
    certificates: Callable[[str, str], str | None] | None,
) -> Generator[StringCommand, None, None]:
    try:
        text = document(_admit(first, certificates))
    except (remote.RemoteFailure, ValueError) as failure:
        yield fail(f"{first} gave no admission: {failure}")
        return
    if text is None:
        yield fail("this host has no tailnet address; what does `tailscale status` say on it?")
        return
    # A control plane finds itself under the API's name, which answers only when it has joined.
    via = (first, endpoint) if certificates else None
    yield StringCommand("sh -s", _stdin=kubeadm.script("join", text, via))
    try:
        remote.run(
            first,
            f"timeout 60 sh -c {shlex.quote(f'until {KUBECTL} get node {shlex.quote(node)} >/dev/null 2>&1; do sleep 1; done')}",
        )
    except remote.RemoteFailure:
        yield fail("it joined, but no Node appeared within a minute; `journalctl -u kubelet` on it tells why")
        return
    if certificates:
        yield from _take_certificates_back(first)


def _take_certificates_back(first: str) -> Generator[StringCommand, None, None]:
    # They are encrypted, and kubeadm would let them lie for two hours; the token that owns them only counts that time.
    owner = f"$({KUBECTL} -n kube-system get secret kubeadm-certs -o jsonpath='{{.metadata.ownerReferences[*].name}}')"
    try:
        remote.run(first, f"{KUBECTL} -n kube-system delete secret --ignore-not-found kubeadm-certs {owner}")
    except remote.RemoteFailure as failure:
        yield fail(f"it joined, but the certificates lent to it could not be taken back: {failure}")


def _admit(first: str, certificates: Callable[[str, str], str | None] | None) -> Admission:
    said = remote.run(
        first, f"kubeadm token create --ttl {TOKEN_LIFETIME} --description {TOKEN_MARK} --print-join-command"
    )
    admission = parse_join_command(said)
    if certificates is None:
        return admission
    key = secrets.token_hex(32)
    text = certificates(remote.run(first, kubeadm.KNOWN), key)
    if text is None:
        raise ValueError("the tailnet address of a control plane is not known")
    # What joins takes the names in its certificate from there.
    for phase in ("upload-config kubeadm", "upload-certs --upload-certs --skip-certificate-key-print"):
        remote.run(first, "sh -s", stdin=kubeadm.script(f"init phase {phase}", text, is_node=True))
    return Admission(admission.token, admission.authorities, key)


def _new_token() -> str:
    return ".".join("".join(secrets.choice(_TOKEN_SIGNS) for _ in range(length)) for length in (6, 16))
