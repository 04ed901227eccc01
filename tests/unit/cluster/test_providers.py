"""Each cloud is known by its firmware, and its rule can be typed."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from cluster import providers
from cluster.providers import ALIBABA, AWS, FIRMWARE, HETZNER, ORACLE, OTHER, PROVIDERS, TENCENT, Provider, provider_of
from tests.places import PROJECT

PAGE = (PROJECT / "docs" / "door.md").read_text()


@pytest.mark.parametrize(
    ("firmware", "provider"),
    [
        ({"sys_vendor": "QEMU", "chassis_asset_tag": "OracleCloud.com"}, ORACLE),
        ({"sys_vendor": "Tencent Cloud", "product_name": "CVM"}, TENCENT),
        ({"sys_vendor": "Alibaba Cloud", "product_name": "Alibaba Cloud ECS"}, ALIBABA),
        ({"sys_vendor": "Amazon EC2", "product_name": "t4g.small"}, AWS),
        ({"sys_vendor": "Xen", "bios_vendor": "Amazon EC2"}, AWS),
        ({"sys_vendor": "Hetzner", "product_name": "vServer"}, HETZNER),
        ({"sys_vendor": "QEMU", "product_name": "Standard PC"}, OTHER),
        ({"sys_vendor": "Dell Inc."}, OTHER),
        ({}, OTHER),
    ],
)
def test_a_cloud_is_known_by_its_firmware(firmware: dict[str, str], provider: Provider) -> None:
    assert provider_of(firmware) is provider


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
@pytest.mark.parametrize(("protocol", "port"), [("tcp", 443), ("udp", 41641)])
def test_a_rule_names_port_and_direction_and_can_be_typed(provider: Provider, protocol: str, port: int) -> None:
    rule = provider.rule(protocol, port, "203.0.113.11")  # type: ignore[arg-type]
    assert rule.startswith(
        f"add an inbound rule at {provider.console}: source 0.0.0.0/0, {protocol.upper()}, destination port {port}; or type: "
    )
    words = shlex.split(rule.partition("; or type: ")[2].removesuffix(f" ({provider.find})"))
    assert not re.search(r"\{\w+\}", rule), "a value is missing"
    assert str(port) in rule.partition("; or type: ")[2]
    for word in words:
        if word.startswith(("[", "{")):
            assert json.loads(word)
    assert set(provider.marks) <= set(FIRMWARE)


def test_without_a_known_cloud_the_rule_is_in_words() -> None:
    assert OTHER.rule("udp", 3478, "203.0.113.11").endswith(": source 0.0.0.0/0, UDP, destination port 3478")


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_each_row_has_its_source_and_date_in_the_page(provider: Provider) -> None:
    section = PAGE.partition(f"\n## {provider.name}\n")[2].partition("\n## ")[0]
    assert re.search(r"[Rr]ead on 20\d\d-\d\d-\d\d", section)
    placeholders = set(re.findall(r"\b[A-Z]{3,}\b", provider.find))
    assert [word for word in placeholders if word not in section] == []


def test_a_proxy_is_known_by_its_addresses() -> None:
    assert providers.proxy_of("104.21.0.1") == "Cloudflare"
    assert providers.proxy_of("2606:4700::6810:1") == "Cloudflare"
    assert providers.proxy_of("203.0.113.11") == ""
    assert providers.proxy_of("2001:db8::1") == ""
