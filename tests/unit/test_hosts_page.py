"""docs/hosts.md against the rules: what it calls refused is refused, and what it calls accepted with an exception is accepted with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv4Interface
from typing import get_args

import pytest

from cluster import install_plan
from cluster.model import Host
from cluster.model.host import Exception_
from cluster.observed.apt import Lists, Trial
from cluster.observed.headscale import Standing
from cluster.observed.leftovers import Leftovers
from cluster.observed.resolvers import PLAIN, ResolvConf, Resolvers
from cluster.observed.survey import Listener, Survey
from cluster.preflight import apt, headscale, hosts, leftovers, packet_filter, resolvers
from cluster.preflight.apt import Found
from cluster.problems import Problem
from tests.places import PROJECT
from tests.unit.cluster.preflight.test_apt import DOCKER, ONE_LINE, OTHER, PLAN, docker
from tests.unit.cluster.preflight.test_hosts import CLUSTER, GATEWAY, GOOD, NODE
from tests.unit.cluster.preflight.test_packet_filter import ruleset
from tests.unit.cluster.test_releases import survey_of

ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in (PROJECT / "docs" / "hosts.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| found", "|---"))
]


def of_apt(held: Found, trial: Trial = Trial()) -> Callable[[Host], Sequence[Problem]]:  # noqa: B008
    return lambda host: apt.problems(host, PLAN, [DOCKER], held, trial)


def of_survey(found: Survey) -> Callable[[Host], Sequence[Problem]]:
    return lambda host: install_plan.problems(host, found)


def left(survey: Survey = GOOD, **traces: object) -> Callable[[Host], Sequence[Problem]]:
    return lambda host: leftovers.problems(CLUSTER, host, survey, Leftovers(**traces), {})  # type: ignore[arg-type]


def of_checks(found: Survey) -> Callable[[Host], Sequence[Problem]]:
    return lambda host: hosts.problems(CLUSTER, host, found)


def of_file(servers: tuple[str, ...]) -> Resolvers:
    return Resolvers({PLAIN: ResolvConf(servers)})


OVERLAP = replace(GOOD, addresses={**GOOD.addresses, "docker0": (IPv4Interface("10.244.7.1/24"),)})
NOTHING = Found(Lists(), {})
CNI0 = replace(GOOD, addresses={**GOOD.addresses, "cni0": (IPv4Interface("10.42.1.1/24"),)})
REMOVED = Trial(missing=("containerd.io",), removed=("docker.io",))
# The beginning of a row → the rule on a host that has this.
SAMPLES: dict[str, Callable[[Host], Sequence[Problem]]] = {
    "a list of apt that names": of_apt(docker(ONE_LINE)),
    "such a list with another key": of_apt(docker(ONE_LINE, (OTHER,))),
    "a source of apt that is dead": of_apt(
        NOTHING, Trial(errors=("The repository 'x y Release' does not have a Release file.",))
    ),
    "packages that apt would remove": of_apt(NOTHING, REMOVED),
    "a program of ours that belongs": of_apt(NOTHING, Trial(files={"/usr/bin/kubectl": "kubernetes-client"})),
    "a distribution that is built from a supported": of_survey(survey_of("linuxmint-22.1")),
    "a distribution that is built from an unsupported": of_survey(survey_of("linuxmint-19.3")),
    "a distribution that names no": of_survey(survey_of("kali")),
    "cgroup v1": of_survey(replace(GOOD, cgroup="v1")),
    "a node that is a container": of_survey(replace(GOOD, container="lxc")),
    "a release, a kernel": of_survey(replace(GOOD, kernel="4.19.0")),
    "a control plane with less": of_survey(replace(GOOD, memory_mb=1000)),
    "k3s, RKE2, k0s": left(states=("/var/lib/k0s",)),
    "files of an earlier kubeadm": left(states=("/etc/kubernetes/admin.conf",)),
    "a program in front of ours": left(programs=(("/usr/local/bin/ctr", "/usr/local/bin/ctr"),)),
    "another network's file": left(cni=("05-cilium.conflist",)),
    "`cni0` or `flannel.1`": left(CNI0),
    "rules of another cluster's": left(services=("10.43.0.1",)),
    "settings that crictl": left(crictl="unix:///run/k3s/containerd/containerd.sock"),
    "a headscale of the owner's": lambda _: headscale.problems(
        GATEWAY, Standing(config="/etc/headscale/config.yaml"), False
    ),
    "a port of the cluster's": of_checks(replace(GOOD, listeners=(Listener("tcp", 10250, "apache2"),))),
    "an interface in a network": of_checks(OVERLAP),
    "a clock that differs": of_checks(replace(GOOD, clock_skew_s=-61.0)),
    "less than 4096 MB free": of_checks(replace(GOOD, disk_free_mb=4095)),
    "name servers that pods": lambda host: resolvers.problems(CLUSTER, host, of_file(servers=("127.0.0.1",))),
    "a search domain": lambda host: resolvers.problems(
        CLUSTER, host, replace(of_file(servers=("10.1.0.2",)), wildcards=("wild.example",))
    ),
    "firewalld's rules without": lambda host: packet_filter.problems(CLUSTER, host, ruleset("firewalld-before")),
    "a table of nftables": lambda host: packet_filter.problems(CLUSTER, host, ruleset("debian-drop")),
}


def row(beginning: str) -> tuple[str, ...]:
    (found,) = [cells for cells in ROWS if cells[0].startswith(beginning)]
    return found


@pytest.mark.parametrize("beginning", SAMPLES)
def test_a_row_is_what_the_rule_does(beginning: str) -> None:
    _, then, exception = row(beginning)
    assert bool(SAMPLES[beginning](NODE)) == then.startswith("refused")
    if exception != "–":
        accepted = NODE.model_copy(update={"exceptions": (exception.strip("`"),)})
        assert list(SAMPLES[beginning](accepted)) == []


def test_every_exception_is_on_the_page() -> None:
    assert {cells[2].strip("`") for cells in ROWS} - {"–"} == set(get_args(Exception_))
    assert all(len(cells) == 3 for cells in ROWS)
