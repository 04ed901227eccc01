"""headscale's configuration, its DERP map, and nginx before it."""

from __future__ import annotations

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
        **headscale.nginx(declared(all={"coordination_port": 8443}, **TWO_HOSTS)),
    }
    bare, whole = (render("coordination/nginx.conf.j2", with_tls=tls, **values) for tls in (False, True))
    assert "ssl" not in bare
    assert "https://$server_name:8443$request_uri" in bare
    assert "proxy_bind 10.1.0.2;" in whole
