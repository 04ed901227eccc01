"""What ends some day: certificates, and keys of repositories and of the tailnet."""

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
        return "an authority lasts ten years: Kubernetes' documentation has its replacement, 'Manual Rotation of CA Certificates'"
    if path.startswith("/etc/kubernetes"):
        return "run: pyinfra inventory.py tasks/renew_certificates.py"
    if path.startswith("/var/lib/kubelet"):
        return f"on {host}: systemctl restart kubelet, which asks for a new one; `journalctl -u kubelet` tells why it did not"
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
                    "its publisher prolongs it under the same fingerprint; this copy is older than that",
                    f"{DEPLOY}: it fetches the key again and checks its fingerprint",
                )
    for node in mesh(view):
        if node.expiry and node.expiry - view.now < SOON_D * DAY_S:
            yield deviation(
                node.name,
                f"its key in the tailnet {_when(node.expiry, view.now)}",
                "it was joined as a user's machine: the keys of tagged machines don't end",
                f"on {view.cluster.coordinator.name}: headscale nodes list; give it the tag, or join it anew",
            )
    center = view.measured.coordination
    for name, end in (center.api_key_expiry if center else {}).items():
        if 0 < end - view.now < SOON_D * DAY_S:
            yield deviation(
                view.cluster.coordinator.name,
                f"headscale's {name} {_when(end, view.now)}",
                "keys of its API last 90 days, as somebody made this one",
                f"on {view.cluster.coordinator.name}: headscale apikeys create; then expire the old one",
            )


def _when(end: float, now: float) -> str:
    day = datetime.fromtimestamp(end, UTC).date().isoformat()
    days = int((end - now) // DAY_S)
    return f"ended on {day}" if end < now else f"ends on {day}, in {days} days"
