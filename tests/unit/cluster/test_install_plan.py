from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cluster import versions
from cluster.install_plan import InstallPlan, containerd_config_version, install_plan, kubelet_settings, problems
from cluster.inventory.declare import declare
from cluster.observed.survey import Survey
from cluster.problems import Problem
from tests.unit.cluster.inventory.test_errors import spoiled

BRIDGE = "FileContent--proc-sys-net-bridge-bridge-nf-call-iptables"
SURVEY = Survey(
    release_id="debian",
    release_version="12",
    codename="bookworm",
    kernel="6.1.0-31-amd64",
    glibc="2.36",
    architecture="amd64",
    cgroup="v2",
    container="",
    memory_mb=12000,
    disk_free_mb=9000,
    clock_skew_s=0.0,
    has_tun=True,
    uses_systemd=True,
)
NODE = declare(spoiled({})).host("brain").model_copy(update={"name": "host"})
DECLARED = ("name", "roles", "exceptions", "runtime_source")


def planned(containerd: str = versions.DEFAULT_CONTAINERD, **changes: Any) -> InstallPlan | list[Problem]:
    """The plan for a node with Debian 12, of which what is declared or what was found differs by `changes`."""
    declared = {key: value for key, value in changes.items() if key in DECLARED}
    found = {key: value for key, value in changes.items() if key not in DECLARED}
    return install_plan(NODE.model_copy(update=declared), replace(SURVEY, **found), containerd)


def decided(**changes: Any) -> InstallPlan:
    result = planned(**changes)
    assert isinstance(result, InstallPlan), result
    return result


def refused(**changes: Any) -> list[str]:
    result = planned(**changes)
    assert isinstance(result, list), result
    return [problem.where.removeprefix("host ") for problem in result]


@pytest.mark.parametrize(
    ("id_", "version", "kernel", "glibc", "codename"),
    [
        ("debian", "11", "5.10.0-33-cloud-amd64", "2.31", "bullseye"),
        ("debian", "12", "6.1.0-31-amd64", "2.36", "bookworm"),
        ("debian", "13", "6.12.48+deb13-arm64", "2.41", "trixie"),
        ("ubuntu", "20.04", "5.4.0-200-generic", "2.31", "focal"),
        ("ubuntu", "22.04", "6.8.0-1035-oracle", "2.35", "jammy"),
        ("ubuntu", "24.04", "6.8.0-86-generic", "2.39", "noble"),
        ("ubuntu", "26.04", "7.0.0-1-generic", "2.43", "resolute"),
    ],
)
def test_supported_releases(id_: str, version: str, kernel: str, glibc: str, codename: str) -> None:
    granted = decided(release_id=id_, release_version=version, kernel=kernel, glibc=glibc)
    assert (granted.distribution, granted.codename) == (id_, codename)
    assert granted.ignored_preflight == ()
    assert granted.fail_cgroup_v1
    assert not granted.restrict_oom_score_adj


@pytest.mark.parametrize(
    ("id_", "version", "kernel", "glibc", "reasons"),
    [
        ("ubuntu", "18.04", "4.15.0-213-generic", "2.27", ["release", "kernel", "glibc"]),
        ("ubuntu", "16.04", "4.4.0-210-generic", "2.23", ["release", "kernel", "glibc"]),
        ("debian", "10", "4.19.0-27-amd64", "2.28", ["release", "kernel", "glibc"]),
        ("debian", "14", "6.18.0-1-amd64", "2.43", ["release"]),
        ("ubuntu", "26.10", "7.0.0-1-generic", "2.43", ["release"]),
        ("debian", "0", "6.18.0-1-amd64", "2.43", ["release"]),
    ],
)
def test_other_releases_need_an_exception(id_: str, version: str, kernel: str, glibc: str, reasons: list[str]) -> None:
    facts = {"release_id": id_, "release_version": version, "kernel": kernel, "glibc": glibc}
    assert refused(**facts) == reasons
    granted = decided(**facts, exceptions=("old-release",), codename="from-os-release")
    assert granted.codename in ("from-os-release", "bionic", "buster")


@pytest.mark.parametrize(("id_", "version"), [("alpine", "3.22.1"), ("tencentos", "3.1")])
def test_no_exception_accepts_a_distribution_that_is_built_from_neither(id_: str, version: str) -> None:
    assert refused(release_id=id_, release_version=version, exceptions=("old-release",)) == ["release"]


def test_the_refusal_says_why_and_what_to_do() -> None:
    result = planned(release_id="ubuntu", release_version="18.04", name="box")
    assert isinstance(result, list)
    assert result[0].to_json() == {
        "where": "box release",
        "what": "the host runs Ubuntu 18.04; supported are Debian 11 to 13 and Ubuntu 20.04 to 26.04",
        "why": "its publisher's support has ended, and kubelet and containerd expect a newer kernel, glibc and systemd",
        "fix": 'install a supported release, or accept the risk with exceptions = ("old-release",)',
    }


@pytest.mark.parametrize(
    ("kernel", "accepted"), [("5.3.18-generic", False), ("5.4.0-42-generic", True), ("4.19.1", False), ("10.0.1", True)]
)
def test_kernel(kernel: str, accepted: bool) -> None:
    assert isinstance(planned(kernel=kernel), InstallPlan) is accepted


@pytest.mark.parametrize("architecture", ["armhf", "i386", "riscv64", "unknown", ""])
def test_architectures(architecture: str) -> None:
    assert refused(architecture=architecture) == ["architecture"]
    assert refused(architecture=architecture, exceptions=("old-release", "container")) == ["architecture"]
    assert decided(architecture="arm64").architecture == "arm64"


@pytest.mark.parametrize(
    ("cgroup", "container", "exceptions", "ignored", "fails_on_v1", "restricts"),
    [
        ("v2", "", (), (), True, False),
        ("v2", "", ("container", "cgroup-v1"), (), True, False),
        ("v1", "", ("cgroup-v1",), ("SystemVerification",), False, False),
        ("v2", "lxc", ("container",), ("SystemVerification", BRIDGE), True, True),
        ("v1", "lxc", ("container", "cgroup-v1"), ("SystemVerification", BRIDGE), False, True),
        ("v2", "", ("small-memory",), ("Mem", "NumCPU"), True, False),
    ],
)
def test_exceptions(
    cgroup: str,
    container: str,
    exceptions: tuple[str, ...],
    ignored: tuple[str, ...],
    fails_on_v1: bool,
    restricts: bool,
) -> None:
    granted = decided(cgroup=cgroup, container=container, exceptions=exceptions)
    assert granted.ignored_preflight == ignored
    assert granted.fail_cgroup_v1 is fails_on_v1
    assert granted.restrict_oom_score_adj is restricts
    assert granted.keeps_conntrack is restricts
    node = kubelet_settings(cgroup, container, exceptions)
    assert (node.ignored_preflight, node.fail_cgroup_v1) == (ignored, fails_on_v1)


def test_what_is_not_declared_is_refused_on_nodes_only() -> None:
    assert refused(cgroup="v1", container="lxc") == ["cgroup", "container"]
    assert refused(cgroup="v1", container="lxc", exceptions=("container",)) == ["cgroup"]
    assert decided(cgroup="v1", container="lxc", roles=()).ignored_preflight == ()


@pytest.mark.parametrize(
    ("version", "glibc", "source", "containerd", "expected"),
    [
        ("12", "2.36", "docker", "2.3.7", ("containerd.io", 3, True)),
        ("12", "2.36", "distribution", "2.3.7", ("containerd", 2, False)),
        ("13", "2.41", "distribution", "2.3.7", ("containerd", 2, False)),
        ("11", "2.31", "docker", "2.3.7", ("containerd.io", 2, False)),
    ],
)
def test_containerd(version: str, glibc: str, source: str, containerd: str, expected: tuple[str, int, bool]) -> None:
    granted = decided(release_version=version, glibc=glibc, runtime_source=source, containerd=containerd)
    assert (granted.containerd_package, granted.containerd_config_version, granted.containerd_pinned) == expected


def test_debian_11_has_no_containerd_of_its_own_for_kubernetes() -> None:
    assert refused(release_version="11", glibc="2.31", runtime_source="distribution") == ["runtime_source"]
    assert decided(release_version="11", glibc="2.31", runtime_source="distribution", roles=())


@pytest.mark.parametrize(
    ("version", "expected"), [("1.6.20~ds1", 2), ("1.7.28", 2), ("2.0.0", 3), ("2.3.7", 3), ("2.10.1-1", 3)]
)
def test_containerd_config_version(version: str, expected: int) -> None:
    assert containerd_config_version(version) == expected


def test_a_surveyed_host() -> None:
    brain = declare(spoiled({})).host("brain")
    assert problems(brain, SURVEY) == []
    assert isinstance(install_plan(brain, SURVEY), InstallPlan)
    assert [problem.where for problem in problems(brain, replace(SURVEY, memory_mb=960, cgroup="v1"))] == [
        "brain cgroup",
        "brain memory",
    ]
    accepting = declare(spoiled({"all": {"exceptions": ["small-memory", "cgroup-v1"]}})).host("brain")
    assert problems(accepting, replace(SURVEY, memory_mb=960, cgroup="v1")) == []
