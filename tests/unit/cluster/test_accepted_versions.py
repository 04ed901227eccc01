"""Advice about versions works: what a fix asks to write is accepted by the next check, for every message and many versions."""

from __future__ import annotations

import itertools
import re

import pytest

from cluster import upgrades
from cluster.accepted_versions import DEFAULTS, accepts
from cluster.inventory.checks import versions as checks
from cluster.model import Cluster
from cluster.preflight.upgrade import not_offered
from cluster.upgrades import Step
from tests.unit.cluster.preflight.test_hosts import CLUSTER

VERSIONS = {
    "kubernetes": ("1.28.9", "1.31.4", "1.33.0", "1.34.4", "1.35.4", "1.36.3", "1.37.2", "1.38.0", "2.0.0", "1"),
    "containerd": ("1.6.20", "1.7.27", "2.0.5", "2.1.4", "2.2.9", "2.3.7", "2.4.0", "2.5.1"),
    "headscale": ("0.22.3", "0.23.0", "0.24.0", "0.25.1", "0.26.1", "0.27.1", "0.28.0", "0.29.3", "0.30.0", "1.0.0"),
    "tailscale": ("1.62.0", "1.64.0", "1.74.1", "1.78.1", "1.80.0", "1.101.0", "1.102.5", "1.104.0"),
    "flannel": ("0.25.0", "0.28.9", "0.28.10", "0.29.0"),
}
WRITTEN = re.compile(r'(\w+)_version = "([^"]*)"')


def declaring(**versions: str) -> Cluster:
    return CLUSTER.model_copy(update={f"{part}_version": version for part, version in versions.items()})


def refused(cluster: Cluster) -> list[str]:
    return [problem.where.split()[-1] for problem in checks.problems(cluster)]


PAIRS = [("kubernetes", "containerd"), ("headscale", "tailscale"), ("flannel", "flannel")]


@pytest.mark.parametrize(("part", "partner"), PAIRS + [(partner, part) for part, partner in PAIRS[:2]])
def test_the_rule_is_the_inventorys(part: str, partner: str) -> None:
    for version, other in itertools.product(VERSIONS[part][:-1], VERSIONS[partner][:-1]):
        beside = {} if part == partner else {partner: other}
        if beside and refused(declaring(**beside)):
            continue
        assert accepts(part, version, beside) == (not refused(declaring(**{**beside, part: version}))), (version, other)


@pytest.mark.parametrize("part", upgrades.PARTS)
@pytest.mark.parametrize("outside", [(), ("n",)])
def test_what_a_fix_of_the_deploy_asks_to_write_is_accepted(part: str, outside: tuple[str, ...]) -> None:
    for runs, wanted in itertools.permutations(VERSIONS[part], 2):
        if not accepts(part, wanted, {}):
            continue
        declared = upgrades.declared_versions(declaring(**{part: wanted}))
        for problem in upgrades.differences([Step(part, "n", runs, wanted)], outside, declared):
            for key, version in WRITTEN.findall(problem.fix):
                assert refused(declaring(**{**declared, key: version})) == [], problem
            between = re.search(r"with (\d+\.\d+) first", problem.fix)
            assert between is None or accepts(part, f"{between[1]}.0", declared), problem


@pytest.mark.parametrize(
    ("step", "outside", "fix"),
    [
        (Step("containerd", "n", "1.7.27", "2.3.7"), ("n",), "else bring it to 2.3.7 by hand"),
        (Step("kubernetes", "n", "1.31.4", "1.36.3"), ("n",), "else bring it to 1.36.3 by hand"),
        (Step("headscale", "n", "0.23.0", "0.29.3"), (), "bring it to 0.26 by hand, one minor version after the other"),
        (
            Step("kubernetes", "n", "1.31.4", "1.36.3"),
            (),
            "bring it to 1.35 by hand, one minor version after the other",
        ),
        (Step("kubernetes", "n", "1.38.0", "1.36.3"), (), "use a version of isthmus that supports 1.38.0"),
    ],
)
def test_a_version_that_the_inventory_refuses_is_not_advised(step: Step, outside: tuple[str, ...], fix: str) -> None:
    (problem,) = upgrades.differences([step], outside)
    assert fix in problem.fix
    assert "_version = " not in problem.fix


def test_what_a_fix_of_the_inventory_asks_to_write_is_accepted() -> None:
    for (part, partner), key in itertools.product(PAIRS[:2], (0, 1)):
        for version, other in itertools.product(VERSIONS[part][:-1], VERSIONS[partner]):
            cluster = declaring(**{part: version, partner: other})
            for problem in checks.problems(cluster):
                changed = problem.where.split()[-1].removesuffix("_version")
                first = re.search(r'write (?:one of them, such as |an even one, such as )?"([^"]+)"', problem.fix)
                assert first, problem
                written = {changed: first[1], **dict(WRITTEN.findall(problem.fix))}
                after = cluster.model_copy(update={f"{name}_version": value for name, value in written.items()})
                assert problem.where.split()[-1] not in refused(after), (problem, key)


def test_an_offered_version_is_named_without_its_revision() -> None:
    step = Step("kubernetes", "n", "1.35.4", "1.36.9")
    problem = not_offered(step, "kubeadm", "https://pkgs.k8s.io", ["1.36.3-1.1", "1.36.10-1.1", "1.35.4-1.1"])
    assert problem.fix == "declare one of its versions: 1.36.3, 1.36.10"
    assert all(accepts("kubernetes", version, DEFAULTS) for version in ("1.36.3", "1.36.10"))
