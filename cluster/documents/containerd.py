"""containerd's configuration: the file for each of its formats, registry mirrors, and the parser of its effective configuration."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from cluster.addresses import name_in
from cluster.model import Site

CONFIG_PATH = "/etc/containerd/config.toml"
MIRRORS_PATH = "/etc/containerd/certs.d"
CNI_BINARIES = "/opt/cni/bin"
CNI_CONFIGURATION = "/etc/cni/net.d"
HUB_API = "https://registry-1.docker.io"


@dataclass(frozen=True)
class Settings:
    """containerd's settings that Kubernetes depends on, wanted or effective ones."""

    sandbox_image: str
    systemd_cgroup: bool = True
    restrict_oom_score_adj: bool = False
    mirrors_path: str = MIRRORS_PATH
    cni_binaries: tuple[str, ...] = (CNI_BINARIES,)
    cni_configuration: str = CNI_CONFIGURATION
    cri: bool = True

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Containerd:
    """`version` is empty and `settings` None if containerd is not installed."""

    version: str
    settings: Settings | None

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return {"version": self.version, "settings": self.settings.to_json() if self.settings else None}


def config(version: str, wanted: Settings) -> str:
    """config.toml for a version of containerd: format 3 from 2.0 on, format 2 before. Raises ValueError below 1.6."""
    release = tuple(int(part) for part in version.split(".")[:2])
    if release < (1, 6):
        raise ValueError(
            f"containerd {version} does not have the CRI version that Kubernetes needs; 1.6 is the oldest that has"
        )
    return _format_3(wanted, release) if release >= (2, 0) else _format_2(wanted)


def hosts_file(registry: str, site: Site) -> str:
    """hosts.toml of a registry for which the site has mirrors. If the registry itself is blocked, no request goes to it."""
    mirrors = site.mirrors.registries[registry]
    official = _official(registry)
    server = mirrors[0] if site.blocks(registry) or site.blocks(name_in(official)) else official
    # Without the capability `resolve`, containerd would resolve tags at the registry itself, which a site may not reach.
    entries = "".join(
        f'\n[host."{mirror}"]\n  capabilities = ["pull", "resolve"]\n{_path_as_it_is(mirror, "  ")}'
        for mirror in mirrors
    )
    return f'server = "{server}"\n{_path_as_it_is(server)}{entries}'


def _path_as_it_is(url: str, indent: str = "") -> str:
    """containerd adds /v2 to a mirror's path; a path that has it already is used as it is."""
    return f"{indent}override_path = true\n" if "v2" in url.split("/")[3:] else ""


def parse_installed(lines: Sequence[str]) -> Containerd:
    """`absent`, or `containerd --version` and then its dump; without a dump if containerd can't read its file."""
    if lines[0].strip() == "absent":
        return Containerd("", None)
    # containerd github.com/containerd/containerd/v2 v2.3.7 REVISION; Debian says 1.6.20~ds1 without the v.
    version = lines[0].split()[2].removeprefix("v").partition("~")[0]
    return Containerd(version, parse_dump("\n".join(lines[1:])) if lines[1:] else None)


def parse_dump(text: str) -> Settings:
    """The settings in the output of `containerd config dump`, of format 2, 3 or 4."""
    found = tomllib.loads(text)
    plugins = found.get("plugins", {})
    old = plugins.get("io.containerd.grpc.v1.cri", {})
    runtime = plugins.get("io.containerd.cri.v1.runtime", old)
    images = plugins.get("io.containerd.cri.v1.images", old)
    cni = runtime.get("cni", {})
    return Settings(
        sandbox_image=images.get("pinned_images", {}).get("sandbox") or images.get("sandbox_image", ""),
        systemd_cgroup=bool(_runc_options(runtime).get("SystemdCgroup")),
        restrict_oom_score_adj=bool(runtime.get("restrict_oom_score_adj")),
        mirrors_path=images.get("registry", {}).get("config_path", ""),
        cni_binaries=tuple(cni.get("bin_dirs") or [cni.get("bin_dir", "")]),
        cni_configuration=cni.get("conf_dir", ""),
        cri=not {"cri", "io.containerd.grpc.v1.cri"} & set(found.get("disabled_plugins", ())),
    )


def differences(wanted: Settings, found: Settings) -> list[str]:
    """Each setting that differs, in words: name, effective value and wanted value."""
    return [
        f"{field.name} is {getattr(found, field.name)!r}, not {getattr(wanted, field.name)!r}"
        for field in fields(Settings)
        if getattr(found, field.name) != getattr(wanted, field.name)
    ]


def _official(registry: str) -> str:
    return HUB_API if registry == "docker.io" else f"https://{registry}"


def _runc_options(runtime: Mapping[str, Any]) -> Mapping[str, Any]:
    options: Mapping[str, Any] = runtime.get("containerd", {}).get("runtimes", {}).get("runc", {}).get("options", {})
    return options


def _format_3(wanted: Settings, release: tuple[int, ...]) -> str:
    binaries = (
        f"bin_dirs = {_list(wanted.cni_binaries)}" if release >= (2, 1) else f"bin_dir = '{wanted.cni_binaries[0]}'"
    )
    return f"""\
# Written by isthmus, as a whole. Registry mirrors are in {wanted.mirrors_path}.
version = 3

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '{wanted.sandbox_image}'

[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '{wanted.mirrors_path}'

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = {_bool(wanted.restrict_oom_score_adj)}

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = {_bool(wanted.systemd_cgroup)}

[plugins.'io.containerd.cri.v1.runtime'.cni]
  {binaries}
  conf_dir = '{wanted.cni_configuration}'
"""


def _format_2(wanted: Settings) -> str:
    return f"""\
# Written by isthmus, as a whole. Registry mirrors are in {wanted.mirrors_path}.
version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{wanted.sandbox_image}"
  restrict_oom_score_adj = {_bool(wanted.restrict_oom_score_adj)}

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "{wanted.mirrors_path}"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = {_bool(wanted.systemd_cgroup)}

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{wanted.cni_binaries[0]}"
  conf_dir = "{wanted.cni_configuration}"
"""


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"
