"""Which versions a host has, and which it could get."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.observed import network, packages
from facts.base import Fact, parse_errors_as_fact_errors
from facts.kubernetes import KUBECONFIG


class Installed(Fact[packages.Installed | None]):
    """Those of the packages `names` that are there, and the API that runs on the host; None = unknown."""

    def command(self, names: Sequence[str]) -> str:
        shape = "package ${Package} ${db:Status-Status} ${Version}\\n"
        return (
            f"echo versions; dpkg-query -W -f='{shape}' {' '.join(shlex.quote(name) for name in names)} 2>/dev/null; test $? -le 1 || exit 1; "
            "sed -n 's|^ *image: .*/kube-apiserver:v|api |p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null || true"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> packages.Installed:
        return packages.parse_installed(output[1:])


class Offered(Fact[list[str] | None]):
    """The versions of `package` in the index of an apt repository at `index` (without .gz), fetched for this question; None = unknown."""

    depends_on_other_hosts = True

    def command(self, index: str, package: str) -> str:
        url, name = shlex.quote(f"{index}.gz"), shlex.quote(package)
        return (
            f"echo offered; curl -fsSL --max-time 60 {url} 2>/dev/null | gunzip 2>/dev/null | "
            f'awk -v name={name} \'$1 == "Package:" {{is = $2 == name}} is && $1 == "Version:" {{print $2}} END {{if (NR == 0) print "unknown"}}\''
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> list[str] | None:
        return None if output[-1] == "unknown" else output[1:]


class Fetchable(Fact[str | None]):
    """Why nothing can be fetched from `url`, in curl's words; empty if it can."""

    depends_on_other_hosts = True

    def command(self, url: str) -> str:
        return f'said=$(curl -fsSIL --max-time 20 -o /dev/null {shlex.quote(url)} 2>&1); echo "$said"'

    def process(self, output: list[str]) -> str:
        return network.parse_text(output)


class ManifestDiff(Fact[list[str] | None]):
    """What an upgrade to `version` changes in the manifests of this host's control plane, by `kubeadm upgrade diff`, which only reads."""

    depends_on_other_hosts = True

    def command(self, version: str) -> str:
        return (
            f"echo diff {shlex.quote(version)}; test -f {KUBECONFIG} || exit 0; "
            f"timeout 30 kubeadm upgrade diff {shlex.quote(f'v{version}')} < /dev/null 2>/dev/null || true"
        )

    def process(self, output: list[str]) -> list[str]:
        return [line for line in output[1:] if line.startswith(("---", "+", "-", "@@", " "))]
