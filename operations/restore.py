"""The restore of a backup: headscale's files, a machine's tailnet key, etcd and the cluster's CAs."""

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
# kubeadm makes all other certificates from these, for the current names and addresses.
AUTHORITIES = "ca.crt ca.key front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key sa.key sa.pub"  # in /etc/kubernetes/pki
# The snapshot contains everything that these phases would write.
SKIPPED = "upload-config,upload-certs,mark-control-plane,bootstrap-token,addon,show-join-command"
INIT = f"init --skip-token-print --ignore-preflight-errors=DirAvailable--var-lib-etcd --skip-phases={SKIPPED}"
# No watcher may know a revision that is newer than the restored etcd's: it would miss the writes up to that revision.
# A thousand for each second since 1970 exceeds what any etcd has reached, a restored one included.
REVISIONS_PER_S = 1000


@operation()
def check_backup(kubernetes: str, headscale: str, authority: Callable[[], str]) -> Generator[StringCommand, None, None]:
    """
    Fail if another minor version than the backup's is installed, or if the host belongs to another cluster. Changes nothing.

    + kubernetes: version of Kubernetes in the backup
    + headscale: version of headscale in the backup
    + authority: returns the hash of the backup's CA, as in `Membership`
    """
    packages, kubelet = host.get_fact(Packages, names=["headscale"]), host.get_fact(KubeletVersion)
    found = host.get_fact(Membership)
    if packages is None or kubelet is None or found is None:
        yield fail("the installed versions, or kubeadm's files, could not be read on this host; nothing was changed")
        return
    package = packages["headscale"]
    for name, installed, wanted in (
        ("headscale", package.version if package else "", headscale),
        ("kubelet", kubelet, kubernetes),
    ):
        if installed and minor(installed) != minor(wanted):
            yield fail(
                f"{name} {installed} is installed, but the backup is of {name} {wanted}, and minor versions store their data differently. "
                f"Nothing was changed. Install {name} {wanted} on this host, or restore another backup"
            )
            return
    if {found.kubelet, found.pki} - {"", authority()}:
        yield fail(kubeadm_script.FOREIGN)
        return
    host.noop("the backup fits this host")


@operation()
def mark_started() -> Generator[StringCommand, None, None]:
    """Mark this host as under restore: until `mark_finished`, a deploy stops before any change."""
    yield StringCommand("install", "-D", "-m", "600", "/dev/null", UNDER_WAY)


@operation()
def mark_finished() -> Generator[StringCommand, None, None]:
    """Remove the mark of `mark_started`."""
    yield StringCommand("rm", "-f", UNDER_WAY)


@operation()
def headscale(archive: Callable[[], bytes]) -> Generator[StringCommand, None, None]:
    """
    Install headscale's database and keys from a backup. If headscale is not installed yet, it will start with them.

    + archive: returns a tar.gz of these files
    """
    yield StringCommand("sh -s", _stdin=headscale_script(archive()) if state.is_executing else "")


@operation()
def machine(address: str, archive: Callable[[], bytes] | None) -> Generator[StringCommand, None, None]:
    """
    Restore tailscale's state on a host that has lost it, or has joined as another machine since the backup.

    + address: the host's tailnet address in the backup
    + archive: returns a tar.gz of tailscale's state; None if the backup has none
    """
    status, files = host.get_fact(Status), host.get_fact(Present, paths=[STATE])
    if status is None or files is None or status.state == "unreachable":
        yield fail("tailscale's state could not be read; see `journalctl -u tailscaled -n 30` on this host")
    elif archive is None or not address or address in status.addresses or (status.state == "absent" and files):
        host.noop("the host has its tailnet key")
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
    Restore etcd's snapshot and the cluster's CAs on this host, which is no node yet, and run `kubeadm init` with them.

    + node: name of this host's Node
    + address: returns this host's tailnet address; None if it has none
    + document: returns kubeadm's file; None if an address is not known
    + pki: returns a tar.gz with the CAs
    + snapshot: returns etcd's snapshot, compressed by gzip
    """
    if not state.is_executing:
        yield StringCommand("true")
        return
    own_address, text = address(), document()
    if own_address is None or text is None:
        yield fail("this host has no tailnet address; see `tailscale status` on it")
        return
    yield StringCommand("sh -s", _stdin=_etcd_script(node, own_address, pki(), snapshot()))
    yield StringCommand("sh -s", _stdin=kubeadm_script.script(INIT, text))
    yield StringCommand("systemctl enable --quiet kubelet.service")
    yield kubeadm_script.wait_for_api(API_WAIT_S)


def _file(content: bytes, command: str) -> str:
    """Lines of a script that pass `content` to the standard input of a command, so that it is in no argument."""
    return f"base64 -d <<'END-OF-FILE' | {command}\n{base64.encodebytes(content).decode()}END-OF-FILE\n"


def headscale_script(archive: bytes) -> str:
    """A script for sh that replaces headscale's database and keys by the files of that tar.gz, and restarts headscale if it is installed.

    It makes headscale's user exactly as headscale's package does, which then keeps it.
    """
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
    """A script that makes an etcd member from the snapshot, by the etcdutl of the image that kubeadm will run."""
    url = f"https://{address}:2380"
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
output=$(kubeadm config images pull --kubernetes-version "$version" --cri-socket {RUNTIME_SOCKET} 2>&1) || {{ echo "$output" >&2; exit 1; }}
image=$(kubeadm config images list --kubernetes-version "$version" | grep '/etcd:')
ctr -n k8s.io images mount "$image" "$work/image" > /dev/null
tool=$(find "$work/image/usr" "$work/image/bin" -name etcdutl -type f 2> /dev/null | head -n 1)
test -n "$tool" || {{ echo "$image has no etcdutl" >&2; exit 1; }}
revision=$("$tool" snapshot status "$work/snapshot" --write-out json | grep -oE '"revision":[0-9]+' | cut -d: -f2)
test -n "$revision" || {{ echo "etcdutl can't read the snapshot" >&2; exit 1; }}
ahead=$(($(date +%s) * {REVISIONS_PER_S} - revision))
output=$("$tool" snapshot restore "$work/snapshot" --data-dir "$work/data" --name {node} --initial-cluster {node}={url} \
  --initial-advertise-peer-urls {url} --bump-revision "$ahead" --mark-compacted 2>&1) || {{
  echo "etcdutl could not restore the snapshot: $output" >&2; exit 1; }}
rm -rf {ETCD}/member
mv "$work/data/member" {ETCD}/member
umask 022
mkdir -p /etc/kubernetes/pki/etcd
for file in {AUTHORITIES}; do cp -p "$work/pki/$file" /etc/kubernetes/pki/$file; done
"""
