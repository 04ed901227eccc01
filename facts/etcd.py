"""The members of etcd, as the one on the host that is asked knows them."""

from __future__ import annotations

from cluster.observed import etcd
from facts.base import Fact, parse_errors_as_fact_errors
from facts.kubernetes import KUBECTL

PKI = "/etc/kubernetes/pki/etcd"
ETCDCTL = (
    f'{KUBECTL} --request-timeout=20s -n kube-system exec "etcd-$(uname -n)" -- etcdctl --endpoints https://127.0.0.1:2379 '
    f"--cacert {PKI}/ca.crt --cert {PKI}/healthcheck-client.crt --key {PKI}/healthcheck-client.key"
)


class Members(Fact[list[etcd.Member] | None]):
    """Every member and whether it answers; None = etcd on this host could not be asked."""

    depends_on_other_hosts = True

    def command(self) -> str:
        # Members that are silent make the second question fail; it has answered all the same.
        return (
            f"{ETCDCTL} member list -w json 2>/dev/null || {{ echo unknown; exit 0; }}; "
            f"{ETCDCTL} endpoint health --cluster -w json 2>/dev/null || true"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> list[etcd.Member] | None:
        return etcd.parse_members(output)
