"""headscale's configuration, its DERP map, and nginx before it."""

from __future__ import annotations

import re

import pytest
import yaml

from cluster.documents import headscale
from engine.templates import render
from tests.unit.cluster.documents.test_routes import declared

TWO_HOSTS = {"hub": {"roles": ["gateway"]}, "limb": {"roles": ["coordinator"]}}


def test_stun_is_reached_at_the_coordinator_itself() -> None:
    cluster = declared(**TWO_HOSTS)
    (region,) = yaml.safe_load(render("coordination/derp.yaml.j2", **headscale.derp_map(cluster)))["regions"].values()
    relay, stun = region["nodes"]
    assert (relay["hostname"], relay["stunport"], "ipv4" in relay) == (cluster.coordination_name, -1, False)
    assert (stun["stunonly"], stun["stunport"], stun["ipv4"]) == (True, 3478, str(cluster.coordinator.public_address))


def test_one_host_needs_no_second_hop() -> None:
    cluster = declared()
    assert headscale.is_one_host(cluster)
    (region,) = yaml.safe_load(render("coordination/derp.yaml.j2", **headscale.derp_map(cluster)))["regions"].values()
    (only,) = region["nodes"]
    assert only["stunport"] == 3478
    config = yaml.safe_load(
        render("coordination/headscale.yaml.j2", derp_map="/d", policy="/p", **headscale.headscale(cluster))
    )
    assert (config["listen_addr"], config["trusted_proxies"]) == ("127.0.0.1:8080", ["127.0.0.1/32"])
    assert config["derp"]["urls"] == []
    # All hosts ask for their keys at once, and the CLI alone would give up after five seconds.
    assert config["cli"]["timeout"] == "60s"
    text = render(
        "coordination/nginx.conf.j2",
        with_tls=True,
        with_ipv6=False,
        certificate="/c",
        key="/k",
        webroot="/w",
        **headscale.nginx(cluster),
    )
    assert "proxy_bind" not in text


def test_without_a_certificate_nginx_only_serves_the_challenge() -> None:
    values = {
        "certificate": "/c",
        "key": "/k",
        "webroot": "/w",
        "with_ipv6": True,
        **headscale.nginx(declared(all={"coordination_port": 8443}, **TWO_HOSTS)),
    }
    bare, whole = (render("coordination/nginx.conf.j2", with_tls=tls, **values) for tls in (False, True))
    assert "ssl" not in bare
    assert "https://$server_name:8443$request_uri" in bare
    assert "proxy_bind 10.1.0.2;" in whole


def listens(port: int, with_ipv6: bool, with_tls: bool = True) -> list[str]:
    values = {
        "certificate": "/c",
        "key": "/k",
        "webroot": "/w",
        **headscale.nginx(declared(all={"coordination_port": port})),
    }
    text = render("coordination/nginx.conf.j2", with_tls=with_tls, with_ipv6=with_ipv6, **values)
    return re.findall(r"^    listen (.+);$", text, re.M)


@pytest.mark.parametrize("port", [443, 8443])
def test_with_ipv6_nginx_listens_there_too(port: int) -> None:
    """Debian's own site listens on [::]:80: by an AAAA record, the challenge would reach that one, and fail."""
    assert listens(port, with_ipv6=True) == ["80", "[::]:80", f"{port} ssl", f"[::]:{port} ssl"]
    assert listens(port, with_ipv6=True, with_tls=False) == ["80", "[::]:80"]


def test_without_ipv6_it_must_not_or_it_would_not_start() -> None:
    assert listens(443, with_ipv6=False) == ["80", "443 ssl"]
