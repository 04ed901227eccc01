"""What an upgrade does to a cluster that runs: each step looks first, so that one that was interrupted goes on."""

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
from operations.systemd import will_have_changed

WAIT_S = 300
HEALTH_S = 120
REACH_S = 120


@operation()
def kubeadm_upgrade(version: str, verb: str, document: Callable[[], str]) -> Generator[StringCommand, None, None]:
    """
    Have kubeadm bring what this host runs for Kubernetes to a version; its own version is that one already. It is done again
    where a run was interrupted before kubelet followed: kubeadm finds what is done.

    + version: such as 1.36.3
    + verb: `upgrade apply` on the first control plane, `upgrade node` on all others
    + document: gives kubeadm's file
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
    Mark a node that takes pods as one that the upgrade takes out of service, so that it, and no other, is put back.

    + node: its name
    """
    nodes = _nodes()
    found = _find(node, nodes)
    if found is None:
        yield fail(API_SILENT if nodes is None else f"the cluster has no Node {node}")
    elif found.in_upgrade or not found.schedulable:
        host.noop("the node is out of service")
    else:
        yield StringCommand(f"{KUBECTL} annotate node {shlex.quote(node)} --overwrite {UPGRADE_MARK}=true")


@operation()
def unmark(node: str, after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    Put a node back into service that the upgrade took out of it; one that somebody else did stays out.

    + node: its name
    + after: operations that mark it (for the preview)
    """
    nodes = _nodes()
    found = _find(node, nodes)
    if found is None:
        yield fail(API_SILENT if nodes is None else f"the cluster has no Node {node}")
        return
    if not found.in_upgrade and not will_have_changed(after):
        host.noop("the node is as the upgrade found it")
        return
    name = shlex.quote(node)
    uncordoned = f"{{ {KUBECTL} uncordon {name} && {KUBECTL} annotate node {name} {UPGRADE_MARK}-; }} 2>&1"
    yield StringCommand(poll_script(uncordoned, seconds=HEALTH_S, otherwise=API_SILENT))


@operation()
def wait_for_kubelet(node: str, version: str) -> Generator[StringCommand, None, None]:
    """
    Wait until a node is ready with the kubelet of a version.

    + node: its name
    + version: of its kubelet
    """
    found = _find(node, host.get_fact(Nodes))
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
    """Wait until every member of etcd answers: the next control plane takes its own away for a while."""
    members = host.get_fact(Members)
    if members is not None and all(member.healthy for member in members):
        host.noop("every member of etcd answers")
        return
    yield from wait(
        poll_script(
            f"{ETCDCTL} endpoint health --cluster 2>&1",
            seconds=HEALTH_S,
            otherwise="a member of etcd does not answer",
            every_s=2,
        ),
        HEALTH_S,
        "every member of etcd answers",
    )


@operation()
def wait_for_tailnet(peers: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Wait until packets of this host come back from others through the tailnet, directly or by the relay.

    + peers: host names of the others
    """
    found = host.get_fact(Status)
    addresses: Mapping[str, str] = (
        {peer.name: peer.addresses[0] for peer in found.peers if peer.addresses} if found else {}
    )
    unknown = [name for name in peers if name not in addresses]
    if unknown and state.is_executing:
        yield fail(f"tailscale does not know {', '.join(unknown)}")
        return
    asked = " ".join(shlex.quote(addresses[name]) for name in peers if name in addresses)
    pong = poll_script(
        "tailscale ping --icmp --c 1 --timeout 5s --until-direct=false $address 2>&1",
        seconds=0,
        otherwise="a peer does not answer through the tailnet",
    )
    yield from wait(
        f"{deadline_script(REACH_S)}for address in {asked}; do {pong}; done",
        REACH_S,
        "the others answer",
    )


def database_copy_script(version: str) -> str:
    """For sh: stop headscale and keep a copy of its database beside it, as the one of that version; else start it again and fail."""
    folder = "/var/lib/headscale"
    kept = f"{folder}/before-upgrade-of-{shlex.quote(version)}"
    return f"""\
set -e
umask 077
test -s {folder}/db.sqlite || {{ echo 'there is no {folder}/db.sqlite to keep a copy of: nothing was upgraded' >&2; exit 1; }}
trap 'systemctl start headscale.service' EXIT
systemctl stop headscale.service
rm -rf {kept}.new
mkdir {kept}.new
cp -p {folder}/db.sqlite* {kept}.new/
for file in {folder}/db.sqlite*; do cmp "$file" {kept}.new/"${{file##*/}}"; done
sync
rm -rf {kept}
mv {kept}.new {kept}
trap - EXIT
"""


def _nodes() -> Sequence[Node] | None:
    """The API is away again for some seconds when a new kubelet, already ready, starts its control plane anew."""
    nodes: Sequence[Node] | None = answered(Nodes, HEALTH_S)
    return nodes


def _find(name: str, nodes: Sequence[Node] | None) -> Node | None:
    return next((node for node in nodes or () if node.name == name), None)
