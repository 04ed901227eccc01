"""Addresses that the lab adds to the declared ones."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from lab.failures import LabError
from lab.world.addresses import gateway_address


def test_the_gateway_is_the_last_address_that_is_free() -> None:
    lan, outside = IPv4Network("10.0.0.0/29"), IPv4Address("198.18.0.9")
    assert gateway_address(lan, [], outside) == IPv4Address("10.0.0.6")
    assert gateway_address(lan, [IPv4Address("10.0.0.6")], outside) == IPv4Address("10.0.0.5")
    with pytest.raises(LabError, match="no address left"):
        gateway_address(lan, [lan[number] for number in range(1, 7)], outside)


def test_the_gateway_of_a_server_that_has_nothing_but_its_own_address_is_outside() -> None:
    own = IPv4Address("203.0.113.20")
    assert gateway_address(IPv4Network(own), [own], IPv4Address("198.18.0.9")) == IPv4Address("198.18.0.9")
