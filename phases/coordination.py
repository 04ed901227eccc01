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
from engine.templates import render
from facts.door import HasIpv6
from facts.machine import Container
from facts.tls import CertificateState
from local.pins import current_pins, own_certificate
from operations import deb, files, headscale, machine, network, nginx, systemd, uninstall
from operations.host_names import names_so_far, tailnet_addresses
from operations.install_plan import host_install_plan

CONFIG = "/etc/headscale/config.yaml"
DERP_MAP = "/etc/headscale/derp.yaml"
POLICY = "/etc/headscale/policy.hujson"
SITE = "/etc/nginx/conf.d/isthmus.conf"
# Debian's nginx.conf includes this folder outside of `http`; the file there that loads the stream module begins with 50.
API = "/etc/nginx/modules-enabled/90-isthmus-api.conf"
API_SYSCTL = "/etc/sysctl.d/99-isthmus-api.conf"
# nginx binds to the tailnet address before tailscale has it: tailscale gets it from headscale, through nginx.
NONLOCAL = {"net.ipv4.ip_nonlocal_bind": "1"}
WEBROOT = "/var/lib/isthmus/acme"
OWN_CERTIFICATE = ("/etc/isthmus/tls/coordination.crt", "/etc/isthmus/tls/coordination.key")
OWNED = files.Owned(
    machine=("/etc/headscale", "/var/lib/headscale", "/etc/isthmus", "/var/lib/isthmus", SITE, API, API_SYSCTL)
)


@phase("Coordination")
def run_headscale(cluster: Cluster, host: Host) -> None:
    """Run headscale on the coordinator and nginx on the gateway, and wait until headscale answers through nginx."""
    network.hosts_block(name="Write the names of joined hosts", entries=lambda: names_so_far(cluster, host))
    if host.is_coordinator:
        _run_coordinator(cluster)
    if host.is_gateway:
        _run_gateway(cluster)
        headscale.wait_reachable(name="Wait for headscale behind the gateway", login_server=cluster.server_url)


def _run_coordinator(cluster: Cluster) -> None:
    # headscale's package starts it at once, so the files come before: else it would start with the package's example.
    configured = files.write(name="Configure headscale", files=_configuration(cluster))
    policy = write_policy(cluster)
    deb.package(
        name="Install headscale",
        package="headscale",
        version=cluster.headscale_version,
        download=download(cluster),
        ca=current_pins().ca,
    )
    restart_headscale([configured, policy])


def download(cluster: Cluster) -> sources.Download:
    """headscale's package for the coordinator, which must be the current host."""
    return sources.headscale(cluster, cluster.coordinator.site, current_pins(), host_install_plan().architecture)


def write_policy(cluster: Cluster) -> OperationMeta:
    """Write headscale's policy, which allows traffic between the hosts of `cluster`."""
    return headscale.policy(
        name="Write the tailnet's policy", path=POLICY, content=f"{json.dumps(routes.policy(cluster), indent=2)}\n"
    )


def restart_headscale(restarted_by: Sequence[OperationMeta]) -> None:
    """Start headscale, and restart it if one of the operations has changed something."""
    systemd.service(
        name="Run headscale",
        unit="headscale.service",
        reads=[CONFIG, DERP_MAP, POLICY],
        restarted_by=restarted_by,
    )


def forward_api(cluster: Cluster) -> None:
    """On the gateway: forward API connections in nginx to every control plane that has joined the tailnet."""
    machine.kernel_settings(
        name="Let nginx bind to an address that comes later",
        modules=(),
        sysctls=NONLOCAL,
        is_container=bool(pyinfra.host.get_fact(Container)),
    )
    sysctls = "".join(f"{key} = {value}\n" for key, value in NONLOCAL.items())
    written = files.write(
        name="Forward the API in nginx",
        files=[files.File(API, lambda: _api(cluster)), files.File(API_SYSCTL, sysctls)],
    )
    nginx.check_config(name="Check nginx's configuration", reads=[API], written_by=[written])
    systemd.service(name="Run nginx", unit="nginx.service", reads=[API], restarted_by=[written])


def stop_forwarding_api() -> None:
    """On the gateway: undo `forward_api`."""
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
    own = own_certificate(cluster)
    if own:
        written = files.write(name="Write the certificate", files=_certificate_files(own))
        _serve(cluster, *OWN_CERTIFICATE, reads=[SITE, *OWN_CERTIFICATE], after=[written])
        return
    live = f"/etc/letsencrypt/live/{cluster.coordination_name}"
    # The certificate is not in `reads`: certbot itself reloads nginx after a renewal.
    _serve(cluster, f"{live}/fullchain.pem", f"{live}/privkey.pem", reads=[SITE])
    nginx.certificate(
        name="Obtain the certificate",
        certificate=f"{live}/fullchain.pem",
        domain=cluster.coordination_name,
        webroot=WEBROOT,
        email=cluster.acme_email,
        server=current_pins().acme,
    )
    _serve(cluster, f"{live}/fullchain.pem", f"{live}/privkey.pem", reads=[SITE])


def _certificate_files(own: Certificate) -> list[files.File]:
    missing = [path for path in (own.certificate, own.key) if not Path(path).expanduser().is_file()]
    if missing:
        raise DeployError(format_problems([_missing(path) for path in missing], "the certificate; nothing was changed"))
    return [
        files.File(OWN_CERTIFICATE[0], lambda: Path(own.certificate).expanduser().read_text()),
        files.File(OWN_CERTIFICATE[1], lambda: Path(own.key).expanduser().read_text(), "600", secret=True),
    ]


def _missing(path: str) -> Problem:
    return Problem(
        "certificate",
        f"{path} is not a file on the operator's machine",
        "the gateway needs it for TLS",
        "name the PEM files of the certificate and its key",
    )


def _serve(
    cluster: Cluster, certificate: str, key: str, reads: Sequence[str], after: Sequence[OperationMeta] = ()
) -> None:
    """Configure and run nginx; without a certificate it serves port 80 only."""

    def site() -> str:
        found = pyinfra.host.get_fact(CertificateState, path=certificate)
        return render(
            "coordination/nginx.conf.j2",
            with_tls=found != "absent",
            # Else the distribution's own site, which listens there, would answer the certificate authority.
            with_ipv6=bool(pyinfra.host.get_fact(HasIpv6)),
            certificate=certificate,
            key=key,
            webroot=WEBROOT,
            **coordination.nginx(cluster),
        )

    written = files.write(name="Configure nginx", files=[files.File(SITE, site)])
    nginx.check_config(name="Check nginx's configuration", reads=reads, written_by=[written, *after])
    systemd.service(name="Run nginx", unit="nginx.service", reads=reads, restarted_by=[written, *after])
