"""The renewal of kubeadm's certificates before they expire."""

from __future__ import annotations

from cluster.model import Cluster, Host
from engine.command_line import given
from engine.phase import phase
from operations import certificates, kubeconfig

# kubeadm's certificates are valid for a year; certificates that were renewed within the last month stay.
WITHIN_DAYS = 330
# Components that restart at the same time: etcd and the API are no use without each other, and the controllers fail without both.
STAGES = {
    "etcd and the API": ("etcd", "kube-apiserver"),
    "the controllers": ("kube-controller-manager", "kube-scheduler"),
}


@phase("Certificates")
def renew_certificates(cluster: Cluster, host: Host) -> None:
    """Renew the certificates on one control plane after the other, and wait until the API serves the new one."""
    within = int(given().get("days") or WITHIN_DAYS)
    renewed = certificates.renew(name="Renew the certificates", within_days=within, _serial=True)
    for name, components in STAGES.items():
        certificates.restart_readers(
            name=f"Restart {name} if their certificates are outdated",
            components=components,
            after=[renewed],
            _serial=True,
        )
    certificates.wait_served(
        name="Wait until the API serves the new certificate", port=cluster.api_port, after=[renewed]
    )
    if host == cluster.control_planes[0]:
        kubeconfig.write(name="Write build/kubeconfig", cluster=cluster, after=[renewed])
