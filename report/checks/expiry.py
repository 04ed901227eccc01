"""Expiry of certificates, and of keys of repositories and of the tailnet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from report.checks.hosts import DEPLOY
from report.checks.routes import mesh
from report.findings import Deviation, View, check, deviation

DAY_S = 86400
SOON_D = 30
# certbot's and others' certificates of 90 days are renewed when 30 are left: below 14 that has failed.
SOON_PUBLIC_D = 14


@check("certificate-expiry", depends_on=("clock-skew",))
def certificates(view: View) -> Iterator[Deviation]:
    """A certificate expires within 30 days (Kubernetes) or 14 days (the gateway)."""
    for host in view.hosts():
        for path, end in sorted(host.certificate_expiry.items(), key=lambda item: item[1]):
            is_kubernetes = path.startswith(("/etc/kubernetes", "/var/lib/kubelet"))
            if end - view.now < (SOON_D if is_kubernetes else SOON_PUBLIC_D) * DAY_S:
                fix = _cure(host.name, path)
                yield deviation(
                    host.name,
                    f"{path} {_when(end, view.now)}",
                    "kubeadm renews its certificates at each upgrade only"
                    if is_kubernetes
                    else "it was not renewed in time",
                    fix,
                )


def _cure(host: str, path: str) -> str:
    if path.endswith(("/ca.crt", "-ca.crt")):
        return "a CA is valid for ten years; Kubernetes' documentation describes how to replace it: 'Manual Rotation of CA Certificates'"
    if path.startswith("/etc/kubernetes"):
        return "run: pyinfra inventory.py tasks/renew_certificates.py"
    if path.startswith("/var/lib/kubelet"):
        return (
            f"on {host}: systemctl restart kubelet, which requests a new one; if there is none: journalctl -u kubelet"
        )
    return f"on {host}: renew {path}, then systemctl reload nginx"


@check("key-expiry", depends_on=("clock-skew",))
def keys(view: View) -> Iterator[Deviation]:
    """A repository's signing key, a machine's key in headscale or a key of headscale's API expires within 30 days."""
    for host in view.hosts():
        for path, end in host.key_expiry.items():
            if end - view.now < SOON_D * DAY_S:
                yield deviation(
                    host.name,
                    f"the signing key in {path} {_when(end, view.now)}",
                    "its publisher has extended it under the same fingerprint, and this copy is older",
                    f"{DEPLOY}: it fetches the key again and checks its fingerprint",
                )
    for node in mesh(view):
        if node.expiry and node.expiry - view.now < SOON_D * DAY_S:
            yield deviation(
                node.hostname,
                f"its key in the tailnet {_when(node.expiry, view.now)}",
                "it was joined as a user's machine: keys of tagged machines don't expire",
                f"on {view.cluster.coordinator.name}: headscale nodes list; give it the tag, or join it again",
            )
    center = view.measured.coordination
    for name, end in (center.api_key_expiry if center else {}).items():
        if 0 < end - view.now < SOON_D * DAY_S:
            yield deviation(
                view.cluster.coordinator.name,
                f"headscale's {name} {_when(end, view.now)}",
                "somebody created it by hand; such keys are valid for 90 days unless created otherwise",
                f"on {view.cluster.coordinator.name}: headscale apikeys create; then expire the old one",
            )


def _when(end: float, now: float) -> str:
    day = datetime.fromtimestamp(end, UTC).date().isoformat()
    days = int((end - now) // DAY_S)
    return f"expired on {day}" if end < now else f"expires on {day}, in {days} days"
