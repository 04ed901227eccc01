"""kubeadm init, kubeadm join, and join tokens."""

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
_TOKEN_CHARACTERS = string.ascii_lowercase + string.digits


@operation()
def init(document: Callable[[str], str | None], node: str) -> Generator[StringCommand, None, None]:
    """
    Run `kubeadm init` if this host belongs to no cluster, and wait until its API is ready. Fail if it belongs to another cluster.

    + document: returns kubeadm's file for a join token, which `delete_tokens` deletes later, or None if an address is not known yet
    + node: name of this host's Node
    """
    found, nodes = host.get_fact(Membership), host.get_fact(Nodes)
    if found is None:
        yield fail("kubeadm's files in /etc/kubernetes could not be read")
        return
    membership = node_state(found, found.pki, node in {known.name for known in nodes or ()})
    if membership == "outside":
        yield from _init(document)
    elif membership == "foreign":
        yield fail(kubeadm_script.FOREIGN)
    elif nodes is None:
        yield StringCommand("systemctl start kubelet.service")
        yield kubeadm_script.wait_for_api(API_WAIT_S)
    elif membership == "unfinished":
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
    Run `kubeadm join` if this host is no node yet. Fail, without any change, if it is a node of another cluster.

    + first: inventory name of a control plane that makes the join token
    + endpoint: name of the API
    + document: returns kubeadm's file for join credentials, or None if this host has no tailnet address
    + node: name of this host's Node
    + certificates: for a further control plane only: returns kubeadm's file, from the cluster's ClusterConfiguration and the key
      that encrypts the CAs which `first` uploads; None if an address is not known yet
    """
    found, cluster, nodes = host.get_fact(Membership), remote.fact(first, Membership), remote.fact(first, Nodes)
    if found is None or cluster is None or (nodes is None and state.is_executing):
        yield fail(f"kubeadm's files on this host could not be read, or the API on {first} does not answer")
        return
    membership = node_state(found, cluster.pki, node in {known.name for known in nodes or ()})
    if membership == "member":
        host.noop("the host is a node")
    elif membership == "foreign":
        yield fail(kubeadm_script.FOREIGN)
    elif membership == "unfinished" and nodes is not None:
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
    Delete the join tokens of this run and of interrupted runs.

    + first: inventory name of this host, a control plane
    + members: names of Nodes; a Node that is missing in the cluster will need a token (for the preview)
    + mark: description of the tokens; empty: all tokens, whoever made them
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


def _init(document: Callable[[str], str | None]) -> Generator[StringCommand, None, None]:
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
        text = document(_join_credentials(first, certificates))
    except (remote.RemoteFailure, ValueError) as failure:
        yield fail(f"no join credentials could be made on {first}: {failure}")
        return
    if text is None:
        yield fail("this host has no tailnet address; see `tailscale status` on it")
        return
    # On a control plane the API's name leads to the host itself, whose API runs only after the join.
    via = (first, endpoint) if certificates else None
    yield StringCommand("sh -s", _stdin=kubeadm_script.script("join", text, via))
    try:
        remote.run(
            first,
            poll_script(f"{KUBECTL} get node {shlex.quote(node)} 2>&1", seconds=60, otherwise="no such Node"),
        )
    except remote.RemoteFailure:
        yield fail(
            "this host joined, but its Node did not appear within a minute; see `journalctl -u kubelet` on this host"
        )
        return
    if certificates:
        yield from _delete_uploaded_certificates(first)


def _delete_uploaded_certificates(first: str) -> Generator[StringCommand, None, None]:
    # The CAs are encrypted, but kubeadm would leave them in the cluster for two hours. Their owner is a token that only counts that time.
    owner = f"$({KUBECTL} -n kube-system get secret kubeadm-certs -o jsonpath='{{.metadata.ownerReferences[*].name}}')"
    try:
        remote.run(first, f"{KUBECTL} -n kube-system delete secret --ignore-not-found kubeadm-certs {owner}")
    except remote.RemoteFailure as failure:
        yield fail(
            f"this host joined, but the encrypted CAs that {first} uploaded for it could not be deleted: {failure}. "
            "kubeadm deletes them after two hours"
        )


def _join_credentials(first: str, certificates: Callable[[str, str], str | None] | None) -> JoinCredentials:
    join_command = remote.run(
        first, f"kubeadm token create --ttl {TOKEN_LIFETIME} --description {TOKEN_MARK} --print-join-command"
    )
    credentials = parse_join_command(join_command)
    if certificates is None:
        return credentials
    key = secrets.token_hex(32)
    text = certificates(remote.run(first, kubeadm_script.CLUSTER_CONFIGURATION), key)
    if text is None:
        raise ValueError("the tailnet address of a control plane is not known")
    # The new control plane reads the SANs for its certificate from the uploaded configuration.
    for phase in ("upload-config kubeadm", "upload-certs --upload-certs --skip-certificate-key-print"):
        remote.run(first, "sh -s", stdin=kubeadm_script.script(f"init phase {phase}", text, is_node=True))
    return JoinCredentials(credentials.token, credentials.authorities, key)


def _new_token() -> str:
    return ".".join("".join(secrets.choice(_TOKEN_CHARACTERS) for _ in range(length)) for length in (6, 16))
