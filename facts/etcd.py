"""The members of etcd, as the one on the host that is asked knows them."""

from __future__ import annotations

import json

from cluster.preflight.remove_host import Member
from facts.base import Fact, parse_errors_as_fact_errors
from facts.kubernetes import KUBECTL

PKI = "/etc/kubernetes/pki/etcd"
ETCDCTL = (
    f'{KUBECTL} --request-timeout=20s -n kube-system exec "etcd-$(uname -n)" -- etcdctl --endpoints https://127.0.0.1:2379 '
    f"--cacert {PKI}/ca.crt --cert {PKI}/healthcheck-client.crt --key {PKI}/healthcheck-client.key"
)


class Members(Fact[list[Member] | None]):
    """Every member and whether it answers; None = etcd on this host could not be asked."""

    depends_on_other_hosts = True

    def command(self) -> str:
        # Members that are silent make the second question fail; it has answered all the same.
        return (
            f"{ETCDCTL} member list -w json 2>/dev/null || {{ echo unknown; exit 0; }}; "
            f"{ETCDCTL} endpoint health --cluster -w json 2>/dev/null || true"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> list[Member] | None:
        return None if output[-1] == "unknown" else parse_members(output)


def parse_members(lines: list[str]) -> list[Member]:
    """The two answers of etcdctl, each on a line of its own."""
    documents = [json.loads(line) for line in lines if line.strip()]
    listed, health = documents[0]["members"], documents[1] if len(documents) > 1 else []
    answering = {entry["endpoint"] for entry in health if entry["health"]}
    return [
        Member(f"{entry['ID']:x}", entry.get("name", ""), bool(answering & set(entry.get("clientURLs", ()))))
        for entry in listed
    ]
