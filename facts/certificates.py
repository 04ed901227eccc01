"""The certificates that kubeadm made on a control plane, and the one that the API shows."""

from __future__ import annotations

from cluster.observed import certificates, pods
from facts.base import Fact, parse_errors_as_fact_errors
from facts.kubernetes import KUBECTL

API = "/etc/kubernetes/pki/apiserver.crt"
# kubeadm's own; those of the authorities end ten years later.
_FILES = "/etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt"
_CONFIGS = "/etc/kubernetes/admin.conf /etc/kubernetes/super-admin.conf /etc/kubernetes/controller-manager.conf /etc/kubernetes/scheduler.conf"


class Issued(Fact[dict[str, certificates.Certificate] | None]):
    """File → the leaf certificate in it, which `kubeadm certs renew` renews; none on hosts without an API, None = unknown."""

    def command(self) -> str:
        return (
            "echo certificates; show() { "
            'e=$(openssl x509 -in /dev/stdin -noout -enddate -serial) && echo "$1 $(stat -c %Z "$1") $(echo "$e" | sed -n s/notAfter=//p) $(echo "$e" | sed -n s/serial=//p)"; }; '
            f'for f in {_FILES}; do case "$f" in */ca.crt | */front-proxy-ca.crt) ;; *) test ! -s "$f" || show "$f" < "$f";; esac; done; '
            f'for f in {_CONFIGS}; do test ! -s "$f" || sed -n \'s/.*client-certificate-data: *//p\' "$f" | base64 -d | show "$f"; done'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, certificates.Certificate]:
        return certificates.parse_issued(output[1:])


class Named(Fact[list[str] | None]):
    """The names and addresses in the API's certificate on this host's disk; empty without a readable one; None = unknown."""

    def command(self) -> str:
        return f"echo names; test ! -e {API} || openssl x509 -in {API} -noout -ext subjectAltName 2>/dev/null || true"

    def process(self, output: list[str]) -> list[str]:
        return certificates.parse_names(output[1:])


class Served(Fact[str | None]):
    """The serial number of the certificate that a TLS handshake with this host's API on `port` gets; empty without an answer."""

    depends_on_other_hosts = True

    def command(self, port: int) -> str:
        return (
            f"serial=$(timeout 5 openssl s_client -connect 127.0.0.1:{port} < /dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null); "
            'echo "${serial#serial=}"'
        )

    def process(self, output: list[str]) -> str:
        return output[0].strip()


class Components(Fact[dict[str, int] | None]):
    """Component of this host's control plane → when its container was started, in seconds since 1970; None = the API does not answer."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return (
            f"if said=$({KUBECTL} --request-timeout=10s -n kube-system get pods -l tier=control-plane "
            '--field-selector "spec.nodeName=$(uname -n)" -o json 2>/dev/null); then printf \'%s\\n\' "$said"; else echo null; fi'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, int] | None:
        return pods.parse_starts(output)
