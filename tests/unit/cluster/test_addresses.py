from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from cluster.addresses import is_private, is_within

HALVES = ("192.168.60.0/25", IPv4Network("192.168.60.128/25"))


def test_a_network_is_within_two_halves_of_it_and_within_neither_alone() -> None:
    whole = IPv4Network("192.168.60.0/24")
    assert is_within(whole, HALVES)
    assert not any(is_within(whole, [half]) for half in HALVES)
    assert is_within(IPv4Address("192.168.60.200"), HALVES)
    assert not is_within("192.168.61.1", HALVES)
    assert not is_within("192.168.61.1", ())


@pytest.mark.parametrize("address", ["10.0.0.1", "172.31.255.255", "192.168.9.5", "100.127.0.1"])
def test_an_address_that_only_its_own_network_reaches_is_private(address: str) -> None:
    assert is_private(IPv4Address(address))


@pytest.mark.parametrize("address", ["9.255.255.255", "172.32.0.0", "192.169.0.1", "100.128.0.1", "203.0.113.4"])
def test_other_addresses_are_not_private(address: str) -> None:
    assert not is_private(IPv4Address(address))
