"""What is built, and what is left out if nothing needs it."""

from __future__ import annotations

import pytest

from lab.mirror import artifacts
from lab.mirror.artifacts import MAKERS, NEEDS, closure, is_served, plan
from lab.mirror.request import Request


def parts(*needless: str) -> list[str]:
    return [part for part, _ in plan(Request("1.36.3", architectures=("amd64",)), needless)]


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "machine_architecture", lambda: "amd64")


def test_everything_is_built_and_each_part_after_what_it_is_made_of() -> None:
    assert parts() == list(MAKERS)
    order = list(MAKERS)
    assert all(order.index(need) < order.index(part) for part, needs in NEEDS.items() for need in needs)


def test_what_only_a_needless_part_needs_is_left_out() -> None:
    without = set(MAKERS) - set(parts("docker-debs", "headscale-debs"))
    assert without == {"docker-debs", "headscale-debs", "containerd", "runc", "libseccomp", "headscale"}
    assert "cni-plugins" in parts("cni-archive"), "kubernetes-cni has them, too"


def test_another_architecture_needs_this_machines_own_programs() -> None:
    planned = plan(Request("1.36.3", architectures=("arm64",)))
    assert planned[:2] == [("kubernetes", "amd64"), ("busybox", "amd64")]
    served = [part for part in MAKERS if is_served(part) and part != "image-busybox"]
    assert plan(Request("1.36.3", architectures=("arm64",)), served) == [
        ("busybox", "amd64"),
        ("busybox", "arm64"),
        ("image-busybox", "arm64"),
    ]


def test_closure() -> None:
    assert closure(["docker-debs"]) == {"docker-debs", "containerd", "runc", "libseccomp"}
