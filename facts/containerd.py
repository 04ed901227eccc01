"""What containerd is and how it is configured."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from cluster.documents.containerd import Settings, parse_dump
from facts.base import Fact, parse_errors_as_fact_errors

# The CRI's namespace: what is pulled there, kubelet has.
CTR = "ctr -n k8s.io"


@dataclass(frozen=True)
class Containerd:
    """`version` is empty and `settings` None where containerd is not installed."""

    version: str
    settings: Settings | None

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return {"version": self.version, "settings": self.settings.to_json() if self.settings else None}


class Config(Fact[Containerd | None]):
    """The installed version and the configuration in force after its next start (`containerd config dump`); None = unknown."""

    def command(self) -> str:
        return "command -v containerd >/dev/null || { echo absent; exit 0; }; containerd --version; containerd config dump 2>/dev/null || true"

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> Containerd:
        return parse(output)


class Pulled(Fact[list[str] | None]):
    """The images that containerd has whole, by name; None = unknown."""

    def command(self) -> str:
        # A name is given to an image when all of it has been fetched.
        return f"echo images; {CTR} images list -q"

    def process(self, output: list[str]) -> list[str]:
        return output[1:]


class Answering(Fact[list[str] | None]):
    """Those of `urls` where a registry answers, whatever it says."""

    depends_on_other_hosts = True

    def command(self, urls: Sequence[str]) -> str:
        listed = " ".join(map(shlex.quote, urls))
        # All at once: one that is cut off takes its ten seconds.
        return f'echo urls; for u in {listed}; do (curl -sS -m 10 -o /dev/null "$u/v2/" 2>/dev/null && echo "$u") & done; wait'

    def process(self, output: list[str]) -> list[str]:
        return sorted(output[1:])


def parse(lines: list[str]) -> Containerd:
    """A version line, then the dump; a file that containerd can't read has no dump."""
    if lines[0].strip() == "absent":
        return Containerd("", None)
    # containerd github.com/containerd/containerd/v2 v2.3.7 REVISION; Debian says 1.6.20~ds1 without the v.
    version = lines[0].split()[2].removeprefix("v").partition("~")[0]
    return Containerd(version, parse_dump("\n".join(lines[1:])) if lines[1:] else None)
