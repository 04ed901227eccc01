"""A site: a network of hosts, and the keys that are the same for each of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cluster.addresses import is_below
from cluster.model.key import Declared, Key, one_of
from cluster.model.types import NAME, URL, DnsLabel, DnsName, HttpsUrl, Network, Url

Nat = Literal["one_to_one", "masquerade", "none"]
Fabric = Literal["routed", "switched"]
Image = Literal["plain", "oracle"]

_FETCHED = "the site's hosts fetch from there instead of the official address"
_OF_REGISTRY = '{"ghcr.io": ("https://ghcr.m.daocloud.io",)}'
_ENTRY = "a registry name with a tuple of addresses that begin with https://"


class Mirrors(Declared):
    """Where a site fetches from instead of the official names; absent = official.

    `tailscale = "push"`: this site reaches no source of it, so the operator's machine fetches it and sends it over SSH.
    """

    kubernetes: Annotated[Url | None, Key(URL, _FETCHED, '"https://mirrors.aliyun.com/kubernetes-new/core/stable"')] = (
        None
    )
    docker: Annotated[Url | None, Key(URL, _FETCHED, '"https://mirrors.aliyun.com/docker-ce"')] = None
    tailscale: Annotated[Url | Literal["push"] | None, Key(f"{URL}, or push", _FETCHED, '"push"')] = None
    files: Annotated[Url | None, Key(URL, _FETCHED, '"https://files.m.daocloud.io"')] = None
    registries: Annotated[
        dict[DnsName, tuple[HttpsUrl, ...]],
        Key(
            "registry names, each with a tuple of addresses",
            _FETCHED,
            _OF_REGISTRY,
            entry=Key(_ENTRY, _FETCHED, _OF_REGISTRY),
        ),
    ] = {}  # noqa: RUF012 (pydantic copies it)


class SiteSettings(Declared):
    """What is true of a network of hosts; the same for each host of the site."""

    site: Annotated[DnsLabel, Key(NAME, "hosts of one site share a network", '"cloud"')]
    lan: Annotated[
        Network,
        Key("the site's network with its prefix length", "the site's hosts keep it local", '"192.168.9.0/24"'),
    ]
    nat: Annotated[Nat, Key(one_of(Nat), "it decides how the site's hosts are reached", '"masquerade"')]
    fabric: Annotated[Fabric, Key(one_of(Fabric), "the lab builds the site's network so", '"routed"')] = "switched"
    image: Annotated[Image, Key(one_of(Image), "the lab's hosts start with that image's firewall", '"oracle"')] = (
        "plain"
    )
    delay_ms: Annotated[
        float,
        Field(strict=True, ge=0, le=2000),
        Key("a number of milliseconds from 0 to 2000", "the lab's links have this delay, one way", "25"),
    ] = 0.0
    loss_percent: Annotated[
        float,
        Field(strict=True, ge=0, lt=100),
        Key("a percentage from 0 to below 100", "the lab's links lose as much", "1.5"),
    ] = 0.0
    mirrors: Annotated[
        Mirrors, Key(f"any of {', '.join(Mirrors.model_fields)}", _FETCHED, '{"files": "https://files.m.daocloud.io"}')
    ] = Mirrors()
    blocked: Annotated[
        tuple[DnsName, ...],
        Key("a tuple of DNS names", "the deploy must not need what the site can't reach", '("pkgs.k8s.io", "ghcr.io")'),
    ] = ()


class Site(SiteSettings):
    """A network of hosts."""

    def blocks(self, name: str) -> bool:
        """Whether it declares the DNS name, or a domain above it, as blocked."""
        return any(is_below(name, blocked) for blocked in self.blocked)
