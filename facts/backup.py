"""What a backup asks a host for: scripts for sh, as root, that print an archive in base64 and leave nothing behind."""

from __future__ import annotations

from facts.etcd import ETCDCTL

STATE = "/var/lib/tailscale/tailscaled.state"
HEADSCALE = "/var/lib/headscale"
DATABASE = "db.sqlite"
# Longer lines than usual: there are fewer of them to read.
_PRINTED = "base64 -w 8000"
_CLEAN = "umask 077\ntrap 'exit 1' HUP INT TERM PIPE\ntrap 'rm -rf \"$work\"' EXIT\n"
TRIES = 50

# The API server is of the version that its manifest names; kubelet and kubeadm may be ahead.
VERSIONS = (
    "sed -n 's/^ *image: .*kube-apiserver:v/kubernetes /p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null; "
    "dpkg-query -W -f 'headscale ${Version}\\n' headscale 2>/dev/null; true"
)
# kubeadm would make all of it again except the CAs and the key that signs service accounts.
PKI = f"set -e\ntar -C /etc/kubernetes -cz pki | {_PRINTED}\n"
MACHINE = f"set -e\ntar -C /var/lib/tailscale -cz tailscaled.state | {_PRINTED}\n"


def etcd() -> str:
    """A snapshot that etcd makes, and that etcd's own tool has found whole. It lies on etcd's disk only as long as that takes."""
    # kubectl would end it after the time that suits a question.
    ask = ETCDCTL.replace("--request-timeout=20s ", "")
    status = ask[: ask.index("etcdctl")] + "etcdutl"
    return f"""\
{_CLEAN}work=/var/lib/etcd/isthmus-backup.$$
find /var/lib/etcd -maxdepth 1 -name 'isthmus-backup.*' -mmin +120 -exec rm -rf {{}} +
mkdir "$work" || exit 1
said=$({ask} snapshot save "$work/snapshot" 2>&1 && {status} snapshot status "$work/snapshot" 2>&1) || {{ echo "etcd made no snapshot: $said" >&2; exit 1; }}
gzip -1 < "$work/snapshot" | {_PRINTED}
"""


def headscale() -> str:
    """headscale's keys, and its database as it was at one moment, while headscale goes on.

    Where neither the database nor its log has changed while both were copied, the copies belong together. What headscale does
    not write by itself is not looked at.
    """
    return f"""\
{_CLEAN}cd {HEADSCALE} || exit 1
work=$(mktemp -d /var/lib/isthmus-backup.XXXXXX) || exit 1
same() {{ if test -e "$1" || test -e "$work/$1"; then cmp -s "$1" "$work/$1"; fi; }}
try=0
until cp {DATABASE} "$work/" && {{ rm -f "$work/{DATABASE}-wal"; test ! -e {DATABASE}-wal || cp {DATABASE}-wal "$work/"; }} && same {DATABASE} && same {DATABASE}-wal; do
  try=$((try + 1))
  if test $try -ge {TRIES}; then echo "headscale writes without a pause: its database could not be copied" >&2; exit 1; fi
  sleep 0.2
done
cp -- *.key "$work/" || exit 1
tar -C "$work" -cz . | {_PRINTED}
"""
