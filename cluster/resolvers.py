"""The file of name servers that kubelet gives to pods: CoreDNS asks the servers in it, from inside a pod."""

from __future__ import annotations

from ipaddress import ip_address

from cluster.addresses import TAILSCALE_RANGE
from cluster.observed.resolvers import PLAIN, RESOLVED, ResolvConf, Resolvers

# Kubernetes and glibc read no further.
READ = 3


def for_pods(found: Resolvers) -> str:
    """The path of the file whose servers a pod can ask: /etc/resolv.conf, or systemd-resolved's own if only that one will do.

    If neither does, it is what the host itself uses: preflight has refused that before any change.
    """
    plain, resolved = found.files.get(PLAIN), found.files.get(RESOLVED)
    if resolved and (plain is None or unusable(found, plain)) and not unusable(found, resolved):
        return RESOLVED
    return PLAIN


def unusable(found: Resolvers, file: ResolvConf) -> dict[str, str]:
    """Server → why a pod can't ask it, of the servers that are read; `-` for a file without a usable one.

    IPv6 servers beside a usable one are no reason: CoreDNS asks another one if a server does not answer.
    """
    reasons = {server: reason for server in file.servers[:READ] if (reason := _reason(found, server))}
    six = [server for server in file.servers[:READ] if ":" in server and server not in reasons]
    usable = [server for server in file.servers[:READ] if server not in reasons and server not in six]
    if not usable and not reasons:
        return dict.fromkeys(six, "pods have no IPv6") or {"-": "it names no server"}
    return reasons


def _reason(found: Resolvers, server: str) -> str:
    try:
        address = ip_address(server.split("%")[0])
    except ValueError:
        return "it is no address"
    if address.is_loopback or address.is_unspecified:
        return "in a pod this is the pod itself, so that CoreDNS would ask itself without end"
    if str(address) in found.own and not {"*", str(address)} & set(found.answered):
        return "it is the host's own address, and nothing answers DNS there"
    return ""


def is_tailscales(server: str) -> bool:
    """Whether the server is in the range that tailscale keeps for itself."""
    try:
        address = ip_address(server)
    except ValueError:
        return False
    return address.version == 4 and address in TAILSCALE_RANGE
