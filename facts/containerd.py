"""What containerd is and how it is configured."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.documents import containerd
from facts.base import Fact, parse_errors_as_fact_errors

# The CRI's namespace: what is pulled there, kubelet has.
CTR = "ctr -n k8s.io"


class Config(Fact[containerd.Containerd | None]):
    """The installed version and the configuration in force after its next start (`containerd config dump`); None = unknown."""

    def command(self) -> str:
        return "command -v containerd >/dev/null || { echo absent; exit 0; }; containerd --version; containerd config dump 2>/dev/null || true"

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> containerd.Containerd:
        return containerd.parse_installed(output)


class Pulled(Fact[list[str] | None]):
    """The images that containerd has whole, by name; None = unknown."""

    def command(self) -> str:
        # A name is given to an image when all of it has been fetched.
        return f"echo images; {CTR} images list -q"

    def process(self, output: list[str]) -> list[str]:
        return output[1:]


class Answering(Fact[list[str] | None]):
    """The `urls` at which a registry answers, with any status."""

    depends_on_other_hosts = True

    def command(self, urls: Sequence[str]) -> str:
        listed = " ".join(map(shlex.quote, urls))
        # All at once: one that is cut off takes its ten seconds.
        return f'echo urls; for u in {listed}; do (curl -sS -m 10 -o /dev/null "$u/v2/" 2>/dev/null && echo "$u") & done; wait'

    def process(self, output: list[str]) -> list[str]:
        return sorted(output[1:])
