"""Faults of things that end some day: a certificate, a key."""

from __future__ import annotations

import json
from typing import Any

from lab.faults.context import Scene, on_host
from lab.faults.tailnet import control_plane

DAYS = 10
# Used towards extension API servers only, of which a lab has none.
CERTIFICATE = "/etc/kubernetes/pki/front-proxy-client"
AUTHORITY = "/etc/kubernetes/pki/front-proxy-ca"
KEPT = "/var/lib/lab-certificate-ending"
SHORTEN = f"""mkdir -p {KEPT}
cp -p {CERTIFICATE}.crt {KEPT}/kept.crt
openssl x509 -x509toreq -in {CERTIFICATE}.crt -signkey {CERTIFICATE}.key -out {KEPT}/request 2>/dev/null
echo extendedKeyUsage=clientAuth >{KEPT}/extensions
openssl x509 -req -in {KEPT}/request -CA {AUTHORITY}.crt -CAkey {AUTHORITY}.key -set_serial 1 -days {DAYS} \\
    -extfile {KEPT}/extensions -out {KEPT}/new.crt 2>/dev/null
cat {KEPT}/new.crt >{CERTIFICATE}.crt
"""
RESTORE = f"""test ! -e {KEPT}/kept.crt || cat {KEPT}/kept.crt >{CERTIFICATE}.crt
rm -rf {KEPT}
"""


def shorten_certificate(scene: Scene) -> None:
    """Signed anew by its own authority, for a shorter time."""
    on_host(scene, SHORTEN, control_plane(scene))


def restore_certificate(scene: Scene) -> None:
    """The one that kubeadm made."""
    on_host(scene, RESTORE, control_plane(scene))


def make_short_key(scene: Scene) -> None:
    """As an administrator makes one for a script. The key itself is shown to nobody."""
    before = keys(scene)
    scene.remember(json.dumps(before))
    on_host(scene, "headscale apikeys create --expiration 24h >/dev/null", scene.coordinator)


def remove_short_key(scene: Scene) -> None:
    """Those keys that were not there before are deleted."""
    before = json.loads(scene.recall() or "null")
    for key in [] if before is None else keys(scene):
        if key not in before:
            on_host(scene, f"headscale apikeys delete --id {key}", scene.coordinator)


def keys(scene: Scene) -> list[int]:
    """The numbers of the keys of headscale's API. (By their first letters they would be seen in the process list.)"""
    listed: list[dict[str, Any]] = (
        json.loads(on_host(scene, "headscale apikeys list --output json", scene.coordinator)) or []
    )
    return [int(key["id"]) for key in listed]
