"""headscale on the coordinator, and the gateway in front of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyinfra
from pyinfra.api.exceptions import DeployError
from pyinfra.api.operation import OperationMeta

from cluster import sources
from cluster.documents import api_endpoint, routes
from cluster.documents import headscale as coordination
from cluster.model import Certificate, Cluster, Host
from cluster.problems import Problem, format_problems
from engine.phase import phase
from engine.pins import trust
from engine.templates import render
from facts.machine import Container
from facts.tls import CertificateState
from operations import deb, files, headscale, machine, network, nginx, systemd, uninstall
from operations.host_names import names_so_far, tailnet_addresses
from operations.install_plan import host_install_plan

CONFIG = "/etc/headscale/config.yaml"
DERP_MAP = "/etc/headscale/derp.yaml"
POLICY = "/etc/headscale/policy.hujson"
SITE = "/etc/nginx/conf.d/isthmus.conf"
# Debian's nginx.conf includes this folder outside of http; what loads the stream module there begins with 50.
API = "/etc/nginx/modules-enabled/90-isthmus-api.conf"
API_SYSCTL = "/etc/sysctl.d/99-isthmus-api.conf"
# nginx starts before tailscale has its address, and tailscale needs nginx to get it.
NONLOCAL = {"net.ipv4.ip_nonlocal_bind": "1"}
WEBROOT = "/var/lib/isthmus/acme"
GIVEN = ("/etc/isthmus/tls/coordination.crt", "/etc/isthmus/tls/coordination.key")
OWNED = files.Owned(
    machine=("/etc/headscale", "/var/lib/headscale", "/etc/isthmus", "/var/lib/isthmus", SITE, API, API_SYSCTL)
)


@phase("Coordination")
def run_headscale(cluster: Cluster, host: Host) -> None:
    """Run headscale and the gateway, and see that the one answers through the other."""
    network.hosts_block(name="Write the names of joined hosts", entries=lambda: names_so_far(cluster, host))
    if host.is_coordinator:
        _run_coordinator(cluster)
    if host.is_gateway:
        _run_gateway(cluster)
        headscale.wait_reachable(name="Wait for headscale behind the gateway", login_server=cluster.server_url)


def _run_coordinator(cluster: Cluster) -> None:
    # headscale starts as soon as its package is installed: with these files, and not with its example.
    configured = files.write(name="Configure headscale", files=_configuration(cluster))
    allowed = write_policy(cluster)
    deb.package(
        name="Install headscale",
        package="headscale",
        version=cluster.headscale_version,
        download=download(cluster),
        ca=trust().ca,
    )
    restart_headscale([configured, allowed])


def download(cluster: Cluster) -> sources.Download:
    """headscale's package for the coordinator, whose turn it is."""
    return sources.headscale(cluster, cluster.coordinator.site, trust(), host_install_plan().architecture)


def write_policy(cluster: Cluster) -> OperationMeta:
    """Write what headscale allows the hosts of `whole`."""
    return headscale.policy(
        name="Write the tailnet's policy", path=POLICY, content=f"{json.dumps(routes.policy(cluster), indent=2)}\n"
    )


def restart_headscale(restarted_by: Sequence[OperationMeta]) -> None:
    """Have headscale run with what those operations wrote."""
    systemd.service(
        name="Run headscale",
        unit="headscale.service",
        reads=[CONFIG, DERP_MAP, POLICY],
        restarted_by=restarted_by,
    )


def forward_api(cluster: Cluster) -> None:
    """On the gateway: have nginx pass calls on to every control plane that has joined the tailnet."""
    machine.kernel_settings(
        name="Let nginx bind to an address that comes later",
        modules=(),
        sysctls=NONLOCAL,
        is_container=bool(pyinfra.host.get_fact(Container)),
    )
    kept = "".join(f"{key} = {value}\n" for key, value in NONLOCAL.items())
    written = files.write(
        name="Forward the API in nginx",
        files=[files.File(API, lambda: _api(cluster)), files.File(API_SYSCTL, kept)],
    )
    nginx.check_config(name="Check nginx's configuration", reads=[API], written_by=[written])
    systemd.service(name="Run nginx", unit="nginx.service", reads=[API], restarted_by=[written])


def stop_forwarding_api() -> None:
    """On the gateway: what `lead_to_api` has made, undone."""
    uninstall.absent(name="Stop forwarding the API in nginx", paths=[API, API_SYSCTL], services=["nginx.service"])


def _api(cluster: Cluster) -> str | None:
    known = tailnet_addresses(cluster)
    values = api_endpoint.forwarding(cluster, known) if known else None
    return render("coordination/api.conf.j2", **values) if values else None


def _configuration(cluster: Cluster) -> list[files.File]:
    config = render(
        "coordination/headscale.yaml.j2", derp_map=DERP_MAP, policy=POLICY, **coordination.headscale(cluster)
    )
    return [
        files.File(CONFIG, config),
        files.File(DERP_MAP, render("coordination/derp.yaml.j2", **coordination.derp_map(cluster))),
    ]


def _run_gateway(cluster: Cluster) -> None:
    given = given_certificate(cluster)
    if given:
        shown = files.write(name="Write the certificate", files=_given(given))
        _serve(cluster, *GIVEN, reads=[SITE, *GIVEN], after=[shown])
        return
    live = f"/etc/letsencrypt/live/{cluster.coordination_name}"
    # A renewed certificate is no reason to restart: certbot then reloads nginx itself.
    _serve(cluster, f"{live}/fullchain.pem", f"{live}/privkey.pem", reads=[SITE])
    nginx.certificate(
        name="Obtain the certificate",
        certificate=f"{live}/fullchain.pem",
        domain=cluster.coordination_name,
        webroot=WEBROOT,
        email=cluster.acme_email,
        server=trust().acme,
    )
    _serve(cluster, f"{live}/fullchain.pem", f"{live}/privkey.pem", reads=[SITE])


def given_certificate(cluster: Cluster) -> Certificate | None:
    """The files that the gateway shows; None where it obtains its certificate."""
    return trust().certificate or (cluster.certificate if isinstance(cluster.certificate, Certificate) else None)


def _given(given: Certificate) -> list[files.File]:
    missing = [path for path in (given.certificate, given.key) if not Path(path).expanduser().is_file()]
    if missing:
        raise DeployError(format_problems([_missing(path) for path in missing], "the certificate; nothing was changed"))
    return [
        files.File(GIVEN[0], lambda: Path(given.certificate).expanduser().read_text()),
        files.File(GIVEN[1], lambda: Path(given.key).expanduser().read_text(), "600", secret=True),
    ]


def _missing(path: str) -> Problem:
    return Problem(
        "certificate",
        f"{path} is not a file on this machine",
        "the gateway shows it to every client",
        "name the PEM files of certificate and key",
    )


def _serve(
    cluster: Cluster, certificate: str, key: str, reads: Sequence[str], after: Sequence[OperationMeta] = ()
) -> None:
    """Have nginx serve what it can: without a certificate, only port 80."""

    def site() -> str:
        found = pyinfra.host.get_fact(CertificateState, path=certificate)
        return render(
            "coordination/nginx.conf.j2",
            with_tls=found != "absent",
            certificate=certificate,
            key=key,
            webroot=WEBROOT,
            **coordination.nginx(cluster),
        )

    written = files.write(name="Configure nginx", files=[files.File(SITE, site)])
    nginx.check_config(name="Check nginx's configuration", reads=reads, written_by=[written, *after])
    systemd.service(name="Run nginx", unit="nginx.service", reads=reads, restarted_by=[written, *after])
