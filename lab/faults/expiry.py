"""Faults of expiry: a certificate or an API key that soon expires."""

from __future__ import annotations

import json
from typing import Any

from lab.faults.context import Context, on_host
from lab.faults.tailnet import first_control_plane

DAYS = 10
# Used for extension API servers only, and a lab has none.
CERTIFICATE = "/etc/kubernetes/pki/front-proxy-client"
AUTHORITY = "/etc/kubernetes/pki/front-proxy-ca"
BACKUP = "/var/lib/lab-certificate-ending"
SHORTEN = f"""mkdir -p {BACKUP}
cp -p {CERTIFICATE}.crt {BACKUP}/kept.crt
openssl x509 -x509toreq -in {CERTIFICATE}.crt -signkey {CERTIFICATE}.key -out {BACKUP}/request 2>/dev/null
echo extendedKeyUsage=clientAuth >{BACKUP}/extensions
openssl x509 -req -in {BACKUP}/request -CA {AUTHORITY}.crt -CAkey {AUTHORITY}.key -set_serial 1 -days {DAYS} \\
    -extfile {BACKUP}/extensions -out {BACKUP}/new.crt 2>/dev/null
cat {BACKUP}/new.crt >{CERTIFICATE}.crt
"""
RESTORE = f"""test ! -e {BACKUP}/kept.crt || cat {BACKUP}/kept.crt >{CERTIFICATE}.crt
rm -rf {BACKUP}
"""


def shorten_certificate(context: Context) -> None:
    """Sign the front-proxy client's certificate again, valid for DAYS days."""
    on_host(context, SHORTEN, first_control_plane(context))


def restore_certificate(context: Context) -> None:
    """Put kubeadm's certificate back."""
    on_host(context, RESTORE, first_control_plane(context))


def make_short_key(context: Context) -> None:
    """Create an API key of headscale that expires in a day; the key itself is discarded."""
    before = api_keys(context)
    context.save(json.dumps(before))
    on_host(context, "headscale apikeys create --expiration 24h >/dev/null", context.coordinator)


def remove_short_key(context: Context) -> None:
    """Delete the API keys that were not there before."""
    before = json.loads(context.saved() or "null")
    for key in [] if before is None else api_keys(context):
        if key not in before:
            on_host(context, f"headscale apikeys delete --id {key}", context.coordinator)


def api_keys(context: Context) -> list[int]:
    """The ids of headscale's API keys. (Their prefixes would be visible in the process list.)"""
    listed: list[dict[str, Any]] = (
        json.loads(on_host(context, "headscale apikeys list --output json", context.coordinator)) or []
    )
    return [int(key["id"]) for key in listed]
