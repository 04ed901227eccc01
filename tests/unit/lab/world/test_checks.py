"""What the lab refuses to build, all of it at once."""

from __future__ import annotations

from typing import get_args

import pytest

from cluster.model.host import Oddity
from cluster.problems import ModelError
from lab.world import checks, images, machine_disk, machines
from lab.world.plan import as_machines, plan
from lab.world.quirks import QUIRKS
from tests.unit.lab.worlds import SERVED, behind, cluster, world

FOREIGN = {"architecture": "arm64", "oddities": ("ufw", "swap", "zram-swap")}


@pytest.fixture(autouse=True)
def _on_amd64(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("plan", "checks", "accelerator", "images"):
        monkeypatch.setattr(f"lab.world.{module}.machine_architecture", lambda: "amd64")


def test_a_container_needs_its_exceptions_and_a_machine_none() -> None:
    bare = behind("192.168.1.2", "192.0.2.9", 2222, exceptions=())
    with pytest.raises(ModelError) as raised:
        checks.check_hosts(world(away=bare))
    assert "host away\n" in str(raised.value)
    assert "its `exceptions` lack 'container'" in str(raised.value)
    checks.check_hosts(world(away={**bare, "rehearsal": {"machine": "vm"}}))


def test_all_that_a_container_can_t_have_is_named_at_once() -> None:
    declared = {
        name: behind(f"192.168.1.{n}", "192.0.2.9", 2000 + n, rehearsal=FOREIGN) for n, name in enumerate("ab", 2)
    }
    with pytest.raises(ModelError) as raised:
        checks.check_hosts(world(**declared))
    found = [(problem.where, problem.what) for problem in raised.value.problems]
    expected = ["it is a container of arm64", "it is a container with 'ufw'", "it is a container with 'zram-swap'"]
    assert found == [(f"host {name}", what) for name in "ab" for what in expected]
    assert all("vm" in problem.fix for problem in raised.value.problems)


def test_ufw_and_the_rules_of_oracle_s_image_exclude_each_other() -> None:
    both = behind("192.168.1.2", "192.0.2.9", 2222, image="oracle", rehearsal={"machine": "vm", "oddities": ("ufw",)})
    with pytest.raises(ModelError, match="it has 'ufw' in a site with Oracle's image"):
        checks.check_hosts(world(away=both))


def test_with_machines_of_all_hosts_nothing_is_left_to_refuse() -> None:
    declared = cluster(away=behind("192.168.1.2", "192.0.2.9", 2222, rehearsal=FOREIGN, exceptions=()))
    planned = plan("t", as_machines(declared), SERVED)
    checks.check_hosts(planned)
    assert [host.is_machine for host in planned.hosts] == [True, True]
    assert planned.host("away").oddities == FOREIGN["oddities"]
    assert (planned.machines, planned.architectures) == (("amd64", "arm64"), ("amd64", "arm64"))


def test_artifacts_are_those_of_this_machine_and_of_the_hosts() -> None:
    assert world().architectures == ("amd64",)
    assert world().machines == ()


def test_each_oddity_is_made_somewhere() -> None:
    made = {*QUIRKS, *machines.KERNEL_WORDS, *machine_disk.NETWORKS, *images.ODDITY_PACKAGES}
    assert made == set(get_args(Oddity))
    assert set(checks.MACHINES_ONLY) < made


def test_two_lans_behind_one_router_are_not_built() -> None:
    loft = {"site": "loft", "lan": "192.168.2.0/24", "nat": "masquerade", "lan_address": "192.168.2.2"}
    way = {"public_address": "192.0.2.9", "ssh_hostname": "192.0.2.9", "ssh_port": 2223}
    with pytest.raises(ModelError, match="has the router of site home, at"):
        checks.check_hosts(world(away=behind("192.168.1.2", "192.0.2.9", 2222), loft={**loft, **way}))
