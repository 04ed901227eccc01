"""The operator's kubeconfig: the cluster's admin.conf with an address that the operator's machine reaches."""

from __future__ import annotations

import hashlib
import shlex
from typing import Any

import yaml

from cluster.model import Cluster

_STAMP = "# made from: "


def server(cluster: Cluster) -> str:
    """The URL of the API for the operator: where it answers from outside if `api_access` opens it, else the local end of an SSH tunnel.

    Behind a masquerading router it answers only if the router forwards its port.
    """
    address = cluster.control_planes[0].address_for(cluster.api_port, "tcp")
    if cluster.api_access and address:
        return f"https://{address}:{cluster.api_port}"
    return f"https://127.0.0.1:{cluster.api_port}"


def tunnel(cluster: Cluster) -> str:
    """The command that opens the SSH tunnel; empty if none is needed."""
    first = cluster.control_planes[0]
    if not server(cluster).startswith("https://127.0.0.1:"):
        return ""
    options = [
        ("-F", first.ssh_config_file),
        ("-i", first.ssh_key),
        ("-p", None if first.ssh_port == 22 else first.ssh_port),
    ]
    words = [f"{name} {_word(str(value))} " for name, value in options if value]
    ports = f"{cluster.api_port}:127.0.0.1:{cluster.api_port}"
    return f"ssh -N -L {ports} {''.join(words)}{first.ssh_user}@{first.ssh_hostname}"


def _word(text: str) -> str:
    """The text as a word for a shell, which replaces ~ only outside of quotes."""
    return f"~/{shlex.quote(text[2:])}" if text.startswith("~/") else shlex.quote(text)


def stamp(cluster: Cluster, source_sha256: str) -> str:
    """A hash of everything that the operator's kubeconfig depends on: admin.conf and the inventory."""
    made_of = (source_sha256, _header(cluster), server(cluster), cluster.api_endpoint_name, cluster.cluster_name)
    return hashlib.sha256("\n".join(made_of).encode()).hexdigest()


def is_current(text: str, cluster: Cluster, source_sha256: str) -> bool:
    """Whether the operator's file was made from this admin.conf and this inventory."""
    return f"{_STAMP}{stamp(cluster, source_sha256)}" in text.splitlines()


def render(cluster: Cluster, source: str, source_sha256: str) -> str:
    """The operator's file from `source`, the text of /etc/kubernetes/admin.conf. Raises ValueError if that is no kubeconfig."""
    found: Any = yaml.safe_load(source)
    if not isinstance(found, dict) or not {"clusters", "users"} <= set(found):
        raise ValueError("/etc/kubernetes/admin.conf is no kubeconfig")
    name, user = cluster.cluster_name, f"{cluster.cluster_name}-admin"
    authority = found["clusters"][0]["cluster"]["certificate-authority-data"]
    entry = {
        "server": server(cluster),
        "tls-server-name": cluster.api_endpoint_name,
        "certificate-authority-data": authority,
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": entry}],
        "users": [{"name": user, "user": found["users"][0]["user"]}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }
    return f"{_header(cluster)}\n{_STAMP}{stamp(cluster, source_sha256)}\n{yaml.safe_dump(document, sort_keys=False)}"


def _header(cluster: Cluster) -> str:
    command = tunnel(cluster)
    way = (
        f"# First open the way to the API, in another terminal:\n#   {command}"
        if command
        else "# The API is open to you directly."
    )
    return f"# Written by isthmus. Whoever holds this file rules the cluster.\n{way}\n# Then: kubectl --kubeconfig build/kubeconfig get nodes"
