"""The steps of an upgrade on a running cluster: each reads the state first, so that an interrupted upgrade continues."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Mapping, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.observed.nodes import UPGRADE_MARK, Node
from cluster.upgrades import PACKAGES, is_version
from engine.fail import API_SILENT, fail
from engine.wait import answered, deadline_script, poll_script, wait
from facts.etcd import ETCDCTL, Members
from facts.kubernetes import KUBECTL, Nodes
from facts.tailscale import Status
from facts.versions import Installed
from operations import kubeadm_script
from operations.nodes import find_node, node_unavailable
from operations.systemd import will_have_changed

WAIT_S = 300
HEALTH_S = 120
REACH_S = 120


@operation()
def kubeadm_upgrade(version: str, verb: str, document: Callable[[], str]) -> Generator[StringCommand, None, None]:
    """
    Run `kubeadm upgrade` on this host; the kubeadm package has the wanted version already. If a run was interrupted before
    kubelet's upgrade, it runs again, and kubeadm skips finished steps.

    + version: wanted version of Kubernetes, such as 1.36.3
    + verb: `upgrade apply` on the first control plane, `upgrade node` on all other nodes
    + document: returns kubeadm's file
    """
    found = host.get_fact(Installed, names=list(PACKAGES))
    if found is None:
        yield fail("the installed versions could not be read")
        return
    is_done = found.api in ("", version) and is_version(found.packages.get("kubelet", ""), version)
    if is_done:
        host.noop(f"kubeadm has upgraded this host to {version}")
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    yield StringCommand("sh -s", _stdin=kubeadm_script.script(verb, document(), is_node=True))
    if found.api:
        yield kubeadm_script.wait_for_api(HEALTH_S)


@operation()
def mark_for_upgrade(node: str) -> Generator[StringCommand, None, None]:
    """
    Annotate a schedulable node as cordoned by the upgrade, so that the upgrade uncordons this node, and no other one.

    + node: name of the Node
    """
    nodes = _nodes()
    found = find_node(node, nodes)
    if found is None:
        yield fail(node_unavailable(node, nodes))
    elif found.in_upgrade or not found.schedulable:
        host.noop("the node is marked, or somebody else has cordoned it")
    else:
        yield StringCommand(f"{KUBECTL} annotate node {shlex.quote(node)} --overwrite {UPGRADE_MARK}=true")


@operation()
def unmark(node: str, after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    Uncordon a node if the upgrade has cordoned it, and remove the mark; a node that somebody else has cordoned stays cordoned.

    + node: name of the Node
    + after: operations that mark the node (for the preview)
    """
    nodes = _nodes()
    found = find_node(node, nodes)
    if found is None:
        yield fail(node_unavailable(node, nodes))
        return
    if not found.in_upgrade and not will_have_changed(after):
        host.noop("the node has no mark of the upgrade")
        return
    name = shlex.quote(node)
    uncordoned = f"{{ {KUBECTL} uncordon {name} && {KUBECTL} annotate node {name} {UPGRADE_MARK}-; }} 2>&1"
    yield StringCommand(poll_script(uncordoned, seconds=HEALTH_S, otherwise=API_SILENT))


@operation()
def wait_for_kubelet(node: str, version: str) -> Generator[StringCommand, None, None]:
    """
    Wait until a node is ready and its kubelet has a version.

    + node: name of the Node
    + version: wanted version of kubelet
    """
    found = find_node(node, host.get_fact(Nodes))
    if found and found.ready and is_version(found.version, version):
        host.noop("the node is ready")
        return
    name = shlex.quote(node)
    path = '{.status.nodeInfo.kubeletVersion} {.status.conditions[?(@.type=="Ready")].status}'
    yield from wait(
        poll_script(
            f"{KUBECTL} --request-timeout=10s get node {name} -o jsonpath='{path}' 2>&1",
            seconds=WAIT_S,
            accept=f'test "$state" = "v{version} True"',
            otherwise="kubelet is not ready; see journalctl -u kubelet on the node",
        ),
        WAIT_S,
        "the node is ready",
    )


@operation()
def wait_for_etcd() -> Generator[StringCommand, None, None]:
    """Wait until every member of etcd answers: the upgrade of the next control plane stops its member for a while."""
    members = host.get_fact(Members)
    if members is not None and all(member.healthy for member in members):
        host.noop("all members of etcd answer")
        return
    yield from wait(
        poll_script(
            f"{ETCDCTL} endpoint health --cluster 2>&1",
            seconds=HEALTH_S,
            otherwise="a member of etcd does not answer",
            every_s=2,
        ),
        HEALTH_S,
        "all members of etcd answer",
    )


@operation()
def wait_for_tailnet(peers: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Wait until other hosts answer a ping of this host through the tailnet, directly or by the relay.

    + peers: host names of the other hosts
    """
    found = host.get_fact(Status)
    addresses: Mapping[str, str] = (
        {peer.name: peer.addresses[0] for peer in found.peers if peer.addresses} if found else {}
    )
    unknown = [name for name in peers if name not in addresses]
    if unknown and state.is_executing:
        yield fail(
            f"`tailscale status` on this host does not list {', '.join(unknown)}; have these hosts joined the tailnet?"
        )
        return
    pinged = " ".join(shlex.quote(addresses[name]) for name in peers if name in addresses)
    pong = poll_script(
        "tailscale ping --icmp --c 1 --timeout 5s --until-direct=false $address 2>&1",
        seconds=0,
        otherwise="a peer does not answer through the tailnet",
    )
    yield from wait(
        f"{deadline_script(REACH_S)}for address in {pinged}; do {pong}; done",
        REACH_S,
        "all peers answer",
    )


def database_copy_script(version: str) -> str:
    """A script for sh that stops headscale and copies its database to before-upgrade-of-VERSION; if that fails, it starts headscale again."""
    folder = "/var/lib/headscale"
    copy = f"{folder}/before-upgrade-of-{shlex.quote(version)}"
    return f"""\
set -e
umask 077
test -s {folder}/db.sqlite || {{ echo 'there is no {folder}/db.sqlite to keep a copy of: nothing was upgraded' >&2; exit 1; }}
trap 'systemctl start headscale.service' EXIT
systemctl stop headscale.service
rm -rf {copy}.new
mkdir {copy}.new
cp -p {folder}/db.sqlite* {copy}.new/
for file in {folder}/db.sqlite*; do cmp "$file" {copy}.new/"${{file##*/}}"; done
sync
rm -rf {copy}
mv {copy}.new {copy}
trap - EXIT
"""


def _nodes() -> Sequence[Node] | None:
    """All Nodes, None if the API does not answer. It is waited for: a new kubelet that is ready may still restart its control plane."""
    nodes: Sequence[Node] | None = answered(Nodes, HEALTH_S)
    return nodes
