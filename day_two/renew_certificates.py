"""kubeadm's certificates, renewed before they end."""

from __future__ import annotations

from cluster.model import Cluster, Host
from engine.command_line import given
from engine.phase import phase
from operations import certificates, kubeconfig

# kubeadm's certificates are good for a year: what was renewed within the last month is left alone.
WITHIN_DAYS = 330
# Who starts together. While one of the first two is away the other can do nothing; the others would fail meanwhile.
STAGES = {
    "etcd and the API": ("etcd", "kube-apiserver"),
    "the controllers": ("kube-controller-manager", "kube-scheduler"),
}


@phase("Certificates")
def renew_certificates(cluster: Cluster, host: Host) -> None:
    """Renew them on one control plane after the other, and prove that the new ones are in use."""
    within = int(given().get("days") or WITHIN_DAYS)
    made = certificates.renew(name="Renew the certificates", within_days=within, _serial=True)
    for name, components in STAGES.items():
        certificates.restart_readers(name=f"Have {name} read them", components=components, after=[made], _serial=True)
    certificates.wait_served(name="Wait until the API serves the new certificate", port=cluster.api_port, after=[made])
    if host == cluster.control_planes[0]:
        kubeconfig.write(name="Write build/kubeconfig", cluster=cluster, after=[made])
