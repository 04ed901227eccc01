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

OFFER_S = 30


@operation()
def policy(path: str, content: str) -> Generator[StringCommand, None, None]:
    """
    Keep the policy file, checked by headscale itself before it takes the old one's place: with a wrong one it does not start.

    + path: of the file
    + content: its text
    """
    found = host.get_fact(States, paths=[path])
    if found is None:
        yield fail(f"{path} could not be read")
        return
    there = found[path]
    if there and there.sha256 == hashlib.sha256(content.encode()).hexdigest():
        host.noop("the policy is as declared")
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
    Wait until headscale answers through the gateway.

    + login_server: its address for clients
    + timeout_s: how long
    """
    answer = host.get_fact(Reachable, login_server=login_server)
    if answer is None:
        yield fail("curl could not be run")
        return
    if not answer:
        host.noop("headscale answers")
        return
    url = shlex.quote(f"{login_server}/health")
    yield from wait(
        poll_script(
            f"curl -fsS --max-time 5 -o /dev/null {url} 2>&1",
            seconds=timeout_s,
            otherwise=f"headscale does not answer from here after {timeout_s} s",
        ),
        timeout_s,
        "headscale answers",
    )


@operation()
def approve_routes(wanted: Mapping[str, Sequence[IPv4Network]]) -> Generator[StringCommand, None, None]:
    """
    Approve every advertised route. The policy approves routes by itself; this is for routes that were advertised before the policy had them.

    + wanted: host name to the routes that it offers
    """
    nodes: Sequence[Node] | None = poll(
        lambda: host.get_fact(Nodes),
        lambda found: found is None or not _not_offered(found, wanted),
        OFFER_S if state.is_executing else -1,
    )
    if nodes is None:
        yield fail(HEADSCALE_SILENT) if state.is_executing else StringCommand("true")
        return
    late = _not_offered(nodes, wanted)
    if late and not state.is_executing:
        host.noop("the routes are waited for in the run")
        return
    if late:
        yield fail(f"headscale does not know these routes yet: {', '.join(late)}")
        return
    commands = list(_approvals(nodes, wanted))
    if not commands:
        host.noop("routes are approved")
    yield from commands


def _not_offered(nodes: Sequence[Node], wanted: Mapping[str, Sequence[IPv4Network]]) -> list[str]:
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
            whole = sorted({*node.approved, *(str(route) for route in routes)})
            yield StringCommand(
                "headscale nodes approve-routes --identifier", str(node.id), "--routes", QuoteString(",".join(whole))
            )


@operation()
def delete_machine(hostname: str) -> Generator[StringCommand, None, None]:
    """
    Have headscale forget a machine, with its key, its address and its routes.

    + hostname: what it calls itself
    """
    nodes = host.get_fact(Nodes)
    if nodes is None:
        yield fail(HEADSCALE_SILENT)
        return
    ids = [node.id for node in nodes if node.hostname == hostname]
    if not ids:
        host.noop("headscale knows no such machine")
        return
    yield StringCommand("; ".join(["set -e", *(f"headscale nodes delete --identifier {id_} --force" for id_ in ids)]))


@operation()
def expire_keys(tag: str = "") -> Generator[StringCommand, None, None]:
    """
    Take back the keys for joining that a run which was interrupted has left. The deploy makes one when it needs it.

    + tag: what they would have made of a machine; empty: every key that still opens the tailnet, whoever made it
    """
    keys = host.get_fact(Keys)
    if keys is None:
        yield fail(HEADSCALE_SILENT)
        return
    ids = [key.id for key in keys if (tag in key.tags if tag else _opens(key))]
    if not ids:
        host.noop("no key is left")
        return
    yield StringCommand(_without_keys(ids))


def _opens(key: Key) -> bool:
    return not key.spent and (not key.ends or key.ends > time.time())


def _without_keys(ids: Sequence[int]) -> str:
    # A used key can't be deleted everywhere; expired, it opens nothing.
    each = (f"headscale preauthkeys delete --id {id_} || headscale preauthkeys expire --id {id_}" for id_ in ids)
    return "; ".join(["set -e", *each])
