"""The CNI plugins that a host has."""

from __future__ import annotations

from cluster.documents.flannel import LEASES
from cluster.observed import cni
from facts.base import Fact, parse_errors_as_fact_errors
from facts.containerd import CTR

LISTING = "/opt/cni/isthmus.sha256"


class Plugins(Fact[cni.Installed | None]):
    """The plugins that were unpacked from an archive, by the listing kept beside them; None = unknown."""

    def command(self) -> str:
        return (
            f"test -f {LISTING} || {{ echo none; exit 0; }}; head -n 1 {LISTING}; cd /opt/cni/bin; "
            # What has not been touched since it was listed need not be read: that is 60 MB.
            f"names=$(tail -n +2 {LISTING} | sed 's/^[0-9a-f]*  //'); "
            f'if test -n "$names" && test -z "$(find $names -newercc {LISTING} 2>&1)" || tail -n +2 {LISTING} | sha256sum --check --status; '
            "then echo intact; else echo changed; fi"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> cni.Installed:
        return cni.parse_plugins(output)


class Leases(Fact[list[str] | None]):
    """The pods, by uid, that hold an address of the host's pod network; None = unknown.

    By the pod and not by the address: a new pod may get the address that an old one still believes to have.
    """

    depends_on_other_hosts = True

    def command(self) -> str:
        return (
            f'echo leases; for f in {LEASES}/[0-9]*; do test -f "$f" || continue; '
            f'{CTR} containers info "$(head -n 1 "$f" | tr -d \'\\r\')" 2>/dev/null'
            ' | sed -n \'s/.*"io.kubernetes.pod.uid": "\\([^"]*\\)".*/\\1/p\'; done; true'
        )

    def process(self, output: list[str]) -> list[str]:
        return output[1:]
