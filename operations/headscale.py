"""headscale on the coordinator: its policy, routes, machines and keys."""

from __future__ import annotations

import base64
import hashlib
import shlex
import time
from collections.abc import Generator, Mapping, Sequence
from ipaddress import IPv4Network

from pyinfra import host, state
from pyinfra.api import QuoteString, StringCommand, operation

from cluster.observed.headscale import Key, Node, node_of
from engine.fail import HEADSCALE_SILENT, fail
from engine.wait import poll, poll_script, wait
from facts.files import States
from facts.headscale import Keys, Nodes, Reachable

ADVERTISE_TIMEOUT_S = 30


@operation()
def policy(path: str, content: str) -> Generator[StringCommand, None, None]:
    """
    Write headscale's policy file after `headscale policy check`: headscale does not start with an invalid policy.

    + path: path of the policy file
    + content: text of the policy file
    """
    found = host.get_fact(States, paths=[path])
    if found is None:
        yield fail(f"{path} could not be read")
        return
    current = found[path]
    if current and current.sha256 == hashlib.sha256(content.encode()).hexdigest():
        host.noop("the policy is current")
        return
    file, new = shlex.quote(path), shlex.quote(f"{path}.isthmus-new")
    encoded = base64.encodebytes(content.encode()).decode()
    yield StringCommand(
        "sh -s",
        _stdin=(
            f"set -e\numask 022\nmkdir -p \"$(dirname {file})\"\nbase64 -d > {new} <<'END-OF-FILE'\n{encoded}END-OF-FILE\n"
            f"if systemctl is-active --quiet headscale.service; then headscale policy check --file {new} || {{ rm -f {new}; exit 1; }}; fi\n"
            f"mv -f {new} {file}\n"
        ),
    )


@operation()
def wait_reachable(login_server: str, timeout_s: int = 90) -> Generator[StringCommand, None, None]:
    """
    Wait until this host reaches headscale through the gateway.

    + login_server: headscale's URL for clients
    + timeout_s: time limit in seconds
    """
    error = host.get_fact(Reachable, login_server=login_server)
    if error is None:
        yield fail("curl could not be run; is it installed on this host?")
        return
    if not error:
        host.noop("headscale answers")
        return
    url = shlex.quote(f"{login_server}/health")
    yield from wait(
        poll_script(
            f"curl -fsS --max-time 5 -o /dev/null {url} 2>&1",
            seconds=timeout_s,
            otherwise=f"headscale does not answer at {login_server} within {timeout_s} s; see nginx on the gateway and headscale on the coordinator",
        ),
        timeout_s,
        "headscale answers",
    )


@operation()
def approve_routes(wanted: Mapping[str, Sequence[IPv4Network]]) -> Generator[StringCommand, None, None]:
    """
    Approve all advertised routes. The policy approves new routes automatically, but not a route that was advertised before the policy contained it.

    + wanted: host name → the routes that the host advertises
    """
    nodes: Sequence[Node] | None = poll(
        lambda: host.get_fact(Nodes),
        lambda found: found is None or not _not_advertised(found, wanted),
        ADVERTISE_TIMEOUT_S,
    )
    if nodes is None:
        yield fail(HEADSCALE_SILENT) if state.is_executing else StringCommand("true")
        return
    missing = _not_advertised(nodes, wanted)
    if missing and not state.is_executing:
        host.noop("the routes are waited for during the run")
        return
    if missing:
        yield fail(
            f"headscale has not received these routes: {', '.join(missing)}; does `tailscale status` show these hosts as online?"
        )
        return
    commands = list(_approvals(nodes, wanted))
    if not commands:
        host.noop("the routes are approved")
    yield from commands


def _not_advertised(nodes: Sequence[Node], wanted: Mapping[str, Sequence[IPv4Network]]) -> list[str]:
    return [
        f"{route} of {name}"
        for name, routes in wanted.items()
        for route in routes
        if (node := node_of(nodes, name)) is None or str(route) not in node.available
    ]


def _approvals(
    nodes: Sequence[Node], wanted: Mapping[str, Sequence[IPv4Network]]
) -> Generator[StringCommand, None, None]:
    for name, routes in wanted.items():
        node = node_of(nodes, name)
        if node and not {str(route) for route in routes} <= set(node.approved):
            # The command replaces the whole list.
            approved = sorted({*node.approved, *(str(route) for route in routes)})
            yield StringCommand(
                "headscale nodes approve-routes --identifier", str(node.id), "--routes", QuoteString(",".join(approved))
            )


@operation()
def delete_machine(hostname: str) -> Generator[StringCommand, None, None]:
    """
    Delete a machine from headscale, with its key, its address and its routes.

    + hostname: the host name that its client reports
    """
    nodes = host.get_fact(Nodes)
    if nodes is None:
        yield fail(HEADSCALE_SILENT)
        return
    ids = [node.id for node in nodes if node.hostname == hostname]
    if not ids:
        host.noop("headscale has no such machine")
        return
    yield StringCommand("; ".join(["set -e", *(f"headscale nodes delete --identifier {id_} --force" for id_ in ids)]))


@operation()
def expire_keys(tag: str = "") -> Generator[StringCommand, None, None]:
    """
    Delete the pre-auth keys that an interrupted run has left. The deploy makes a new key for each host that joins.

    + tag: tag of the keys; empty: every key that can still be used, whoever made it
    """
    keys = host.get_fact(Keys)
    if keys is None:
        yield fail(HEADSCALE_SILENT)
        return
    ids = [key.id for key in keys if (tag in key.tags if tag else _is_usable(key))]
    if not ids:
        host.noop("no pre-auth key is left")
        return
    yield StringCommand(_delete_keys(ids))


def _is_usable(key: Key) -> bool:
    return not key.spent and (not key.ends or key.ends > time.time())


def _delete_keys(ids: Sequence[int]) -> str:
    # Not every version of headscale deletes a used key; an expired key can't be used.
    each = (f"headscale preauthkeys delete --id {id_} || headscale preauthkeys expire --id {id_}" for id_ in ids)
    return "; ".join(["set -e", *each])
