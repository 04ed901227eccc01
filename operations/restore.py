"""What a backup holds, brought back to where it was: headscale's files, a machine's key, etcd and the authorities."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.backups import UNDER_WAY
from cluster.documents.kubeadm import RUNTIME_SOCKET
from cluster.semver import minor
from engine.fail import fail
from facts.backup import HEADSCALE, STATE
from facts.dpkg import Packages
from facts.kubernetes import KubeletVersion, Membership
from facts.paths import Present
from facts.tailscale import Status
from operations import kubeadm_script

API_WAIT_S = 180
ETCD = "/var/lib/etcd"
WORK = f"{ETCD}/isthmus-restore"
# kubeadm makes all others from these, for the names and addresses of today.
AUTHORITIES = "ca.crt ca.key front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key sa.key sa.pub"  # in /etc/kubernetes/pki
# All that these phases would write is in what etcd brings back; so no join token is made either.
SKIPPED = "upload-config,upload-certs,mark-control-plane,bootstrap-token,addon,show-join-command"
INIT = f"init --skip-token-print --ignore-preflight-errors=DirAvailable--var-lib-etcd --skip-phases={SKIPPED}"
# Watchers must not hold a revision that this etcd has not reached: they would miss what is written next. A thousand for each
# second since 1970 is more than any etcd before has reached, also one that was itself brought back.
REVISIONS_PER_S = 1000


@operation()
def check_backup(kubernetes: str, headscale: str, authority: Callable[[], str]) -> Generator[StringCommand, None, None]:
    """
    Refuse, before anything is changed, a host on which the backup would not be understood. Changes nothing.

    + kubernetes: version in the backup
    + headscale: version in the backup
    + authority: gives what names the cluster of the backup, as in `Membership`
    """
    packages, kubelet = host.get_fact(Packages, names=["headscale"]), host.get_fact(KubeletVersion)
    found = host.get_fact(Membership)
    if packages is None or kubelet is None or found is None:
        yield fail("what is installed on this host could not be read; nothing was changed")
        return
    there = packages["headscale"]
    for name, installed, wanted in (
        ("headscale", there.version if there else "", headscale),
        ("kubelet", kubelet, kubernetes),
    ):
        if installed and minor(installed) != minor(wanted):
            yield fail(
                f"{name} {installed} is installed, the backup is of {wanted}: another minor version keeps its data in another way. "
                f"Nothing was changed. Install {name} {wanted} here, or restore another backup"
            )
            return
    if {found.kubelet, found.pki} - {"", authority()}:
        yield fail(kubeadm_script.FOREIGN)
        return
    host.noop("the backup fits this host")


@operation()
def mark_started() -> Generator[StringCommand, None, None]:
    """Mark this host: until `finished`, a deploy stops before any change."""
    yield StringCommand("install", "-D", "-m", "600", "/dev/null", UNDER_WAY)


@operation()
def mark_finished() -> Generator[StringCommand, None, None]:
    """Take the mark of `begun` away."""
    yield StringCommand("rm", "-f", UNDER_WAY)


@operation()
def headscale(archive: Callable[[], bytes]) -> Generator[StringCommand, None, None]:
    """
    Give headscale the database and the keys of a backup; where it is not installed yet, it will start with them.

    + archive: gives a tar of them
    """
    yield StringCommand("sh -s", _stdin=headscale_script(archive()) if state.is_executing else "")


@operation()
def machine(address: str, archive: Callable[[], bytes] | None) -> Generator[StringCommand, None, None]:
    """
    Have a host that has lost its tailnet key, or has got another one since, be the machine that it was.

    + address: the one that it had in the tailnet
    + archive: gives a tar of tailscale's state; None where the backup has none
    """
    status, there = host.get_fact(Status), host.get_fact(Present, paths=[STATE])
    if status is None or there is None or status.state == "unreachable":
        yield fail("tailscale's state could not be read; `journalctl -u tailscaled -n 30` on this host tells why")
    elif archive is None or not address or address in status.addresses or (status.state == "absent" and there):
        host.noop("the host is the machine that it was")
    else:
        yield StringCommand("sh -s", _stdin=_machine_script(archive()) if state.is_executing else "")


@operation()
def cluster(
    node: str,
    address: Callable[[], str | None],
    document: Callable[[], str | None],
    pki: Callable[[], bytes],
    snapshot: Callable[[], bytes],
) -> Generator[StringCommand, None, None]:
    """
    Have this host, on which nothing runs, run the cluster of a backup.

    + node: name of this host's Node
    + address: gives its address in the tailnet
    + document: gives kubeadm's file
    + pki: gives a tar with the authorities
    + snapshot: gives etcd's snapshot, packed by gzip
    """
    if not state.is_executing:
        yield StringCommand("true")
        return
    at, text = address(), document()
    if at is None or text is None:
        yield fail("this host has no tailnet address; what does `tailscale status` say on it?")
        return
    yield StringCommand("sh -s", _stdin=_etcd_script(node, at, pki(), snapshot()))
    yield StringCommand("sh -s", _stdin=kubeadm_script.script(INIT, text))
    yield StringCommand("systemctl enable --quiet kubelet.service")
    yield kubeadm_script.wait_for_api(API_WAIT_S)


def _file(content: bytes, command: str) -> str:
    """Lines of a script that hand `content` to a command: it is in no argument."""
    return f"base64 -d <<'END-OF-FILE' | {command}\n{base64.encodebytes(content).decode()}END-OF-FILE\n"


def headscale_script(archive: bytes) -> str:
    """For sh: have headscale run with the files of that tar. Its user is made as its package does, which then leaves it as it is."""
    return f"""\
set -e
umask 077
new={HEADSCALE}.isthmus-restore
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf "$new"
mkdir -p "$new"
{_file(archive, 'tar -C "$new" --no-same-owner -xz')}groupadd --force --system headscale
id -u headscale > /dev/null 2>&1 || useradd --system --shell /usr/sbin/nologin --gid headscale --home-dir {HEADSCALE} headscale
installed=no
if systemctl cat headscale.service > /dev/null 2>&1; then installed=yes; systemctl stop headscale.service; fi
mkdir -p {HEADSCALE}
rm -f {HEADSCALE}/db.sqlite*
mv -f "$new"/* {HEADSCALE}/
chown -R headscale:headscale {HEADSCALE}
if test $installed = yes; then systemctl start headscale.service; fi
"""


def _machine_script(archive: bytes) -> str:
    return f"""\
set -e
umask 077
installed=no
if systemctl cat tailscaled.service > /dev/null 2>&1; then installed=yes; systemctl stop tailscaled.service; fi
mkdir -p {STATE.rpartition("/")[0]}
{_file(archive, f"tar -C {STATE.rpartition('/')[0]} --no-same-owner -xz")}if test $installed = yes; then systemctl start tailscaled.service; fi
"""


def _etcd_script(node: str, address: str, pki: bytes, snapshot: bytes) -> str:
    """etcd's own tool makes a member of the snapshot; it is taken out of the image that kubeadm will run."""
    at = f"https://{address}:2380"
    return f"""\
set -e
umask 077
work={WORK}
clean() {{ ctr -n k8s.io images unmount --rm "$work/image" > /dev/null 2>&1 || true; rm -rf "$work"; }}
trap clean EXIT
trap 'exit 1' HUP INT TERM
clean
mkdir -p "$work/pki" "$work/image"
{_file(pki, 'tar -C "$work/pki" --strip-components=1 --no-same-owner -xz')}{_file(snapshot, 'gzip -d > "$work/snapshot"')}\
version=$(kubeadm version -o short)
said=$(kubeadm config images pull --kubernetes-version "$version" --cri-socket {RUNTIME_SOCKET} 2>&1) || {{ echo "$said" >&2; exit 1; }}
image=$(kubeadm config images list --kubernetes-version "$version" | grep '/etcd:')
ctr -n k8s.io images mount "$image" "$work/image" > /dev/null
tool=$(find "$work/image/usr" "$work/image/bin" -name etcdutl -type f 2> /dev/null | head -n 1)
test -n "$tool" || {{ echo "$image has no etcdutl" >&2; exit 1; }}
revision=$("$tool" snapshot status "$work/snapshot" --write-out json | grep -oE '"revision":[0-9]+' | cut -d: -f2)
test -n "$revision" || {{ echo "etcdutl can't read the snapshot" >&2; exit 1; }}
ahead=$(($(date +%s) * {REVISIONS_PER_S} - revision))
said=$("$tool" snapshot restore "$work/snapshot" --data-dir "$work/data" --name {node} --initial-cluster {node}={at} \
  --initial-advertise-peer-urls {at} --bump-revision "$ahead" --mark-compacted 2>&1) || {{
  echo "etcd could not take the snapshot: $said" >&2; exit 1; }}
rm -rf {ETCD}/member
mv "$work/data/member" {ETCD}/member
umask 022
mkdir -p /etc/kubernetes/pki/etcd
for file in {AUTHORITIES}; do cp -p "$work/pki/$file" /etc/kubernetes/pki/$file; done
"""
