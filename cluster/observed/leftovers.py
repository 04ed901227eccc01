"""What Kubernetes of before left on a host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Leftovers:
    """Traces on a host. `ours`: this project has been deployed on it, or has begun to be.

    `programs`: path → what it leads to; `cni`: file names in /etc/cni/net.d; `uninstallers` and `states`: paths; `services`: the
    API's addresses in kube-proxy's rules; `crictl`: the runtime's address in /etc/crictl.yaml; `settings`: (file, line);
    `variables`: NAME=VALUE of the login's environment.
    """

    ours: bool = False
    programs: tuple[tuple[str, str], ...] = ()
    cni: tuple[str, ...] = ()
    uninstallers: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    crictl: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    variables: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse(lines: Iterable[str]) -> Leftovers:
    """The answer of facts.leftovers.Leftovers: lines of a word and its value."""
    found: dict[str, list[str]] = {}
    for word, _, rest in (line.partition(" ") for line in lines):
        if rest.strip() and rest.strip() not in found.setdefault(word, []):
            found[word].append(rest.strip())
    return Leftovers(
        ours=bool(found.get("ours")),
        programs=tuple(_pair(row) for row in found.get("program", ())),
        cni=tuple(sorted(found.get("cni", ()))),
        uninstallers=tuple(found.get("uninstaller", ())),
        states=tuple(found.get("state", ())),
        services=tuple(found.get("service", ())),
        crictl=next(iter(found.get("crictl", ())), ""),
        settings=tuple(_pair(row) for row in found.get("setting", ())),
        variables=tuple(found.get("variable", ())),
    )


def _pair(row: str) -> tuple[str, str]:
    first, _, rest = row.partition(" ")
    return first, rest.strip()
