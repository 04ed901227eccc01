"""Whose node a host is, judged by the certificate authority that it trusts and by the nodes that the cluster knows."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Standing = Literal["outside", "member", "foreign", "unfinished"]


@dataclass(frozen=True)
class Membership:
    """What kubeadm left on a host. Authorities are sha256 of the CA's certificate, empty if there is none.

    `kubelet` is the authority in kubelet.conf, `pki` the one in /etc/kubernetes/pki.
    """

    configured: bool = False
    kubelet: str = ""
    pki: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse(lines: Sequence[str]) -> Membership:
    """What the script of facts.kubernetes.Membership printed: certificates are public, so they come as they are."""
    values = dict(line.split(" ", 1) for line in lines if " " in line)
    kubelet = values.get("kubelet", "-").strip()
    pki = values.get("pki", "-").strip()
    return Membership(
        configured=kubelet != "-",
        kubelet=ca_hash(base64.b64decode(kubelet).decode()) if kubelet not in ("-", "") else "",
        pki=ca_hash(base64.b64decode(pki).decode()) if pki not in ("-", "") else "",
    )


def node_state(found: Membership, authority: str, is_known: bool) -> Standing:
    """Where a host stands towards the cluster of that authority (empty: no cluster yet); `is_known` = it has a Node there."""
    if not found.configured:
        return "foreign" if found.pki and found.pki != authority else "outside"
    if not authority or found.kubelet != authority:
        return "foreign"
    return "member" if is_known else "unfinished"


def ownership_rank(found: Membership | None, is_known: bool) -> int:
    """How surely a control plane has the cluster: 2 if its API lists its own Node, 1 if kubeadm has run there, else 0."""
    if found is None or not (found.configured and found.pki):
        return 0
    return 2 if is_known else 1


def ca_hash(pem: str) -> str:
    """Whose certificate that is: sha256 of the first one, however its text is wrapped; ValueError without one."""
    match = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", pem, re.DOTALL)
    if not match:
        raise ValueError("there is no certificate in it")
    return hashlib.sha256(base64.b64decode(match[1])).hexdigest()
