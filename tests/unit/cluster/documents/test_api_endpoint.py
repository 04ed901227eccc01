"""Who answers for the API: a control plane, or the gateway for several."""

from __future__ import annotations

from cluster.documents import api_endpoint
from cluster.inventory.checks import roles
from engine.templates import render
from tests.unit.cluster.test_tasks import THREE


def test_the_gateway_passes_calls_on_to_control_planes_that_have_joined_and_to_the_tailnet_alone() -> None:
    assert api_endpoint.is_forwarded(THREE)
    assert api_endpoint.forwarding(THREE, {"gate": "100.64.10.1"}) is None
    assert api_endpoint.forwarding(THREE, {"core1": "100.64.10.2"}) is None
    values = api_endpoint.forwarding(THREE, {"gate": "100.64.10.1", "core1": "100.64.10.2", "core3": "100.64.10.4"})
    assert values
    text = render("coordination/api.conf.j2", **values)
    assert [line.split()[1] for line in text.splitlines() if line.strip().startswith("server 1")] == [
        "100.64.10.2:6443",
        "100.64.10.4:6443",
    ]
    assert "listen 100.64.10.1:6443" in text
    assert "allow 100.64.10.0/24;\n        deny all;" in text


def test_a_gateway_that_is_a_control_plane_answers_itself() -> None:
    hosts = tuple(
        host.model_copy(update={"roles": ("gateway", *host.roles)})
        if host.name == "core2"
        else host.model_copy(update={"roles": tuple(role for role in host.roles if role != "gateway")})
        for host in THREE.hosts
    )
    cluster = THREE.model_copy(update={"hosts": hosts})
    assert not api_endpoint.is_forwarded(cluster)
    assert api_endpoint.target_for(cluster, cluster.host("edge1")).name == "core2"
    (told,) = roles.warnings(cluster)
    assert told.startswith("core2 is gateway and control plane")
    assert not list(roles.warnings(THREE))
