"""What a host gets from its release, kernel, glibc, cgroup and architecture, or why it is refused."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cluster import support, versions
from cluster.problems import Problem
from cluster.releases import release_of
from cluster.semver import minor, numbers
from cluster.support import CGROUP_V1, CONTAINER, GLIBC_LOWEST, SMALL_MEMORY

if TYPE_CHECKING:
    from cluster.model import Host
    from cluster.observed.survey import Survey


@dataclass(frozen=True)
class KubeletSettings:
    """The settings of kubeadm, kubelet and containerd that depend on the node's machine."""

    ignored_preflight: tuple[str, ...]
    fail_cgroup_v1: bool
    restrict_oom_score_adj: bool

    @property
    def keeps_conntrack(self) -> bool:
        """Whether kube-proxy must not set the conntrack sysctls, because a container can't write them."""
        return self.restrict_oom_score_adj

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class InstallPlan(KubeletSettings):
    """The packages of a host and their settings, derived from its survey.

    `containerd_pinned`: the declared version of containerd is installed; False if Docker builds no new packages for the release, whose
    newest one is installed then, or if the distribution's containerd is used.
    """

    distribution: str
    codename: str
    architecture: str
    containerd_package: str
    containerd_config_version: int
    containerd_pinned: bool


def install_plan(
    host: Host, found: Survey, containerd: str = versions.DEFAULT_CONTAINERD
) -> InstallPlan | list[Problem]:
    """The install plan of `host` from its survey, or all problems for which it is refused."""
    parent, where, exceptions = release_of(found), host.name, host.exceptions
    name = found.release_name or f"{found.release_id.capitalize()} {found.release_version}"
    refused = [
        *support.release(parent, name, where, exceptions),
        *support.age(found.kernel, found.glibc, where, exceptions),
        *support.architecture(found.architecture, where),
        *(support.node(found.cgroup, found.container, where, exceptions) if host.is_node else ()),
        *(support.runtime(parent, host.runtime_source, where) if host.is_node and parent else ()),
    ]
    if refused or parent is None:
        return refused
    from_docker = host.runtime_source == "docker"
    is_recent = from_docker and numbers(found.glibc) > GLIBC_LOWEST
    return InstallPlan(
        distribution=parent.distribution,
        codename=parent.codename,
        architecture=found.architecture,
        containerd_package="containerd.io" if from_docker else "containerd",
        # Every containerd of such a release can read format 2.
        containerd_config_version=containerd_config_version(containerd) if is_recent else 2,
        containerd_pinned=is_recent,
        **asdict(kubelet_settings(found.cgroup, found.container, exceptions)),
    )


def kubelet_settings(cgroup: str, container: str, exceptions: Collection[str]) -> KubeletSettings:
    """The settings of a node: a deviation is ignored only if it is found on the host *and* accepted by the inventory's exceptions."""
    in_container = bool(container) and CONTAINER in exceptions
    on_v1 = cgroup == "v1" and CGROUP_V1 in exceptions
    ignored = ["SystemVerification"] if in_container or on_v1 else []
    ignored += ["FileContent--proc-sys-net-bridge-bridge-nf-call-iptables"] if in_container else []
    # 1 GB machines come with one processor.
    ignored += ["Mem", "NumCPU"] if SMALL_MEMORY in exceptions else []
    return KubeletSettings(tuple(ignored), fail_cgroup_v1=not on_v1, restrict_oom_score_adj=in_container)


def problems(host: Host, found: Survey) -> list[Problem]:
    """All problems for which `host` is refused, from its survey."""
    decided = install_plan(host, found)
    return [*(decided if isinstance(decided, list) else ()), *support.memory(host, found.memory_mb)]


def containerd_config_version(containerd: str) -> int:
    """The format of config.toml: 3 from containerd 2.0 on, 2 before. Later versions of containerd read both."""
    return 3 if minor(containerd) >= (2, 0) else 2
