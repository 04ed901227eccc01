"""kubeadm init and kubeadm join, and the tokens that joining takes."""

from __future__ import annotations

import secrets
import shlex
import string
from collections.abc import Callable, Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.documents.kubeadm import TOKEN_LIFETIME, TOKEN_MARK, JoinCredentials, parse_join_command
from cluster.observed.kubeadm_state import node_state
from engine import remote
from engine.fail import fail
from engine.wait import poll_script
from facts.kubernetes import KUBECTL, JoinTokens, Membership, Nodes
from operations import kubeadm_script

API_WAIT_S = 120
_TOKEN_SIGNS = string.ascii_lowercase + string.digits


@operation()
def init(document: Callable[[str], str | None], node: str) -> Generator[StringCommand, None, None]:
    """
    Have this host run the API of a cluster; a new one is made where the host belongs to none.

    + document: gives kubeadm's file for a join token (which `tokens_removed` takes away again), or None where it can't be known
    + node: name of this host's Node
    """
    found, nodes = host.get_fact(Membership), host.get_fact(Nodes)
    if found is None:
        yield fail("what kubeadm left in /etc/kubernetes could not be read")
        return
    stands = node_state(found, found.pki, node in {known.name for known in nodes or ()})
    if stands == "outside":
        yield from _begin(document)
    elif stands == "foreign":
        yield fail(kubeadm_script.FOREIGN)
    elif nodes is None:
        yield StringCommand("systemctl start kubelet.service")
        yield kubeadm_script.wait_for_api(API_WAIT_S)
    elif stands == "unfinished":
        yield fail(kubeadm_script.UNFINISHED)
    else:
        host.noop("the API answers")


@operation()
def join(
    first: str,
    endpoint: str,
    document: Callable[[JoinCredentials], str | None],
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
    stands = node_state(found, cluster.pki, node in {known.name for known in nodes or ()})
    if stands == "member":
        host.noop("the host is a node")
    elif stands == "foreign":
        yield fail(kubeadm_script.FOREIGN)
    elif stands == "unfinished" and nodes is not None:
        yield fail(kubeadm_script.UNFINISHED)
    elif not state.is_executing:
        yield StringCommand("true")
    else:
        yield from _join(first, endpoint, document, node, certificates)


@operation()
def delete_tokens(
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
    yield StringCommand("sh -s", _stdin=kubeadm_script.script("init --skip-token-print", text))
    yield kubeadm_script.wait_for_api(API_WAIT_S)


def _join(
    first: str,
    endpoint: str,
    document: Callable[[JoinCredentials], str | None],
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
    yield StringCommand("sh -s", _stdin=kubeadm_script.script("join", text, via))
    try:
        remote.run(
            first,
            poll_script(f"{KUBECTL} get node {shlex.quote(node)} 2>&1", seconds=60, otherwise="no such Node"),
        )
    except remote.RemoteFailure:
        yield fail("it joined, but no Node appeared within a minute; see `journalctl -u kubelet` on it")
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


def _admit(first: str, certificates: Callable[[str, str], str | None] | None) -> JoinCredentials:
    said = remote.run(
        first, f"kubeadm token create --ttl {TOKEN_LIFETIME} --description {TOKEN_MARK} --print-join-command"
    )
    admission = parse_join_command(said)
    if certificates is None:
        return admission
    key = secrets.token_hex(32)
    text = certificates(remote.run(first, kubeadm_script.KNOWN), key)
    if text is None:
        raise ValueError("the tailnet address of a control plane is not known")
    # What joins takes the names in its certificate from there.
    for phase in ("upload-config kubeadm", "upload-certs --upload-certs --skip-certificate-key-print"):
        remote.run(first, "sh -s", stdin=kubeadm_script.script(f"init phase {phase}", text, is_node=True))
    return JoinCredentials(admission.token, admission.authorities, key)


def _new_token() -> str:
    return ".".join("".join(secrets.choice(_TOKEN_SIGNS) for _ in range(length)) for length in (6, 16))
