"""Public addresses that change while a world is up."""

from __future__ import annotations

from lab.world import readdress
from tests.unit.lab.worlds import OPEN, behind, world


def test_only_public_addresses_before_a_router_that_translates_may_change_in_a_world_that_is_there() -> None:
    house = behind("192.168.1.2", "192.0.2.9", 2002)
    before = readdress.fixed_parts(world(house=house))
    assert readdress.fixed_parts(world(house=behind("192.168.1.2", "192.0.2.10", 2002))) == before
    assert readdress.fixed_parts(world(house=behind("192.168.1.3", "192.0.2.9", 2002))) != before
    machine = behind("192.168.1.2", "192.0.2.9", 2002, rehearsal={"machine": "vm"})
    assert readdress.fixed_parts(world(house=machine)) != before
    open_one, other = (
        {**OPEN, "lan_address": "10.9.0.2", "public_address": f"198.51.100.{n}", "ssh_hostname": "10.9.0.2"}
        for n in (2, 3)
    )
    assert readdress.fixed_parts(world(other=open_one)) != readdress.fixed_parts(world(other=other))
