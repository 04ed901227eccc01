"""Addresses that the lab adds to the declared ones."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from lab.failures import LabError
from lab.world.addresses import gateway_address


def test_the_gateway_is_the_last_address_that_is_free() -> None:
    lan = IPv4Network("10.0.0.0/29")
    assert gateway_address(lan, []) == IPv4Address("10.0.0.6")
    assert gateway_address(lan, [IPv4Address("10.0.0.6")]) == IPv4Address("10.0.0.5")
    with pytest.raises(LabError, match="no address left"):
        gateway_address(lan, [lan[number] for number in range(1, 7)])
