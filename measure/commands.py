"""What verify's questions run on a host, if it is longer than a line. All of it only reads."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from cluster import ports
from cluster.documents.headscale import headscale
from cluster.mtu import PING_BYTES
from facts import kubernetes, pings
from facts.door import FIRMWARE_SCRIPT
from facts.headscale import Reachable
from facts.systemd import UNITS as SERVICES
from measure.question import Target

PACKAGES = ("kubeadm", "kubelet", "kubectl", "containerd", "containerd.io", "tailscale", "headscale")
FILE_SYSTEMS = "/ /var /var/lib/containerd /var/lib/kubelet /var/lib/etcd /var/log"
PING_LIMIT_S = pings.PING_S + 4

UNITS = f"systemctl show --property=Id,LoadState,ActiveState,SubState,Result {' '.join(f'{unit}.service' for unit in SERVICES)}"
DISKS = f"df -Pk {FILE_SYSTEMS} 2>/dev/null; echo inodes; df -Pi {FILE_SYSTEMS} 2>/dev/null"
DROPS = "nft list ruleset 2>/dev/null | grep -nE '^table|hook (prerouting|forward)| drop| reject' | head -n 60"
KEYS = 'for f in /etc/apt/keyrings/isthmus-*.gpg; do test -e "$f" || continue; echo "file $f"; gpg --batch --show-keys --with-colons "$f" 2>/dev/null; done'
VERSIONS = (
    f"dpkg-query -W -f '${{Package}} ${{Version}} ${{db:Status-Status}}\\n' {' '.join(PACKAGES)} 2>/dev/null; true"
)
KUBELET_LOG = "journalctl -u kubelet -n 60 -o cat --no-pager | grep -E '^E|rror' | tail -n 4 | cut -c 1-300"
USAGE = (
    f'{FIRMWARE_SCRIPT}; echo "machine $(uname -m) $(nproc)"; echo "uptime $(cat /proc/uptime)"; echo "load $(cat /proc/loadavg)"; '
    "grep '^cpu ' /proc/stat; awk '/^MemTotal:/ {t = $2} /^MemAvailable:/ {print \"memory \" t, $2}' /proc/meminfo"
)
API_KEYS = "timeout 8 headscale apikeys list --output json 2>/dev/null || echo null"
PODS = (
    f"test -f {kubernetes.KUBECONFIG} || {{ echo '{{\"items\": []}}'; exit 0; }}; "
    f"{kubernetes.KUBECTL} --request-timeout=10s get pods --all-namespaces -o json 2>/dev/null || echo null"
)
SOURCES = r"""
{ sed -n 's/^deb \[[^]]*\] //p' /etc/apt/sources.list.d/isthmus-*.list 2>/dev/null | while read -r uri suite rest; do
    case "$suite" in /) echo "${uri%/}/Release";; *) echo "${uri%/}/dists/$suite/Release";; esac; done
  test ! -d /etc/containerd || for r in registry.k8s.io ghcr.io; do
    if test -e /etc/containerd/certs.d/$r/hosts.toml; then sed -n 's/^\[host\."\(.*\)"\]/\1\/v2\//p' /etc/containerd/certs.d/$r/hosts.toml; else echo "https://$r/v2/"; fi; done
} | sort -u | { while read -r u; do
  { r=$(curl -sSL -o /dev/null --connect-timeout 6 -m 10 -w '%{http_code}' "$u" 2>&1); echo "$u $(echo "$r" | tr '\n' ' ')"; } &
done; wait; }"""
CERTIFICATES = r"""
for f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /var/lib/kubelet/pki/kubelet-client-current.pem $(sed -n 's/^ *ssl_certificate  *\(.*\);/\1/p' /etc/nginx/conf.d/*.conf /etc/nginx/sites-enabled/* 2>/dev/null | sort -u); do
  test -s "$f" || continue; e=$(openssl x509 -enddate -noout -in "$f" 2>/dev/null | cut -d= -f2) && echo "$f $e"
done"""
SERVICE_RULES = r"""
n=0; for tool in iptables-nft-save iptables-legacy-save; do
  command -v $tool >/dev/null || continue
  case $tool in *legacy*) grep -qs nat /proc/net/ip_tables_names || continue;; esac
  rules=$($tool -t nat 2>/dev/null)
  echo "$rules" | grep -E '^-A (PREROUTING|OUTPUT) .*KUBE-SERVICES'
  m=$(echo "$rules" | grep -cE '^-A KUBE-SERVICES .*-j KUBE-(SVC|EXT)'); n=$((n + m))
done
nft list table ip kube-proxy 2>/dev/null | grep -c dnat | sed 's/^/nft /'
echo "rules $n" """
RESOLVERS = r"""f=$(sed -n 's/^resolvConf: *//p' /var/lib/kubelet/config.yaml 2>/dev/null | tr -d '"'); grep -s '^nameserver' "${f:-/etc/resolv.conf}"; true"""


def names(target: Target) -> str:
    """Does the host resolve the coordination name."""
    return _yes_or_no([target.cluster.coordination_name], 'timeout 16 getent ahostsv4 "$t" > /dev/null')


def login_server(target: Target) -> str:
    """Why headscale does not answer."""
    return Reachable().command(target.cluster.server_url)


def health(target: Target) -> str:
    """headscale's own opinion, at the address it listens at."""
    return f"curl -sS -m 5 http://{headscale(target.cluster)['listen_address']}:{ports.HEADSCALE}/health"


def paths(target: Target) -> str:
    """The path to every other host when it is up."""
    return pings.TailnetPaths().command(list(target.tailnet), tries=2 if target.again else 5)


def round_trips(count: int, target: Target) -> str:
    """`count` pings over the tailnet to every other host."""
    return pings.RoundTrips().command(list(target.tailnet), count)


def lan(target: Target) -> str:
    """A ping to every other host's LAN address."""
    return pings.Answers().command(list(target.lan))


def small(target: Target) -> str:
    """A ping over the tailnet of a tenth of its MTU."""
    return _pings(target.tailnet, f"-s {(target.cluster.tailnet_mtu - PING_BYTES) // 10}")


def large(target: Target) -> str:
    """A ping over the tailnet as large as its MTU, not to be fragmented."""
    return _pings(target.tailnet, f"-M do -s {target.cluster.tailnet_mtu - PING_BYTES}")


def far(target: Target) -> str:
    """A ping to machines behind the routers of other sites."""
    return _pings(target.far, "")


def lan_routes(target: Target) -> str:
    """The route to every other host's LAN address."""
    return _routes(target.lan, "")


def tcp(target: Target) -> str:
    """A TCP connection to each `ADDRESS PORT`."""
    return _yes_or_no(target.ports, 'timeout 4 bash -c "exec 3<>/dev/tcp/${t% *}/${t#* }" 2>/dev/null')


def pod_routes(target: Target) -> str:
    """The route of a pod's packet to cni0 of every other node; empty if the host has no pod network."""
    return _routes(target.pod_gateways, f" from {target.pod_address} iif cni0") if target.pod_gateway else ""


def pod_gateways(target: Target) -> str:
    """A ping from cni0 to cni0 of every other node; empty if the host has no pod network."""
    return _pings(target.pod_gateways, f"-I {target.pod_gateway}") if target.pod_gateway else ""


def _pings(addresses: Iterable[str], how: str) -> str:
    return _yes_or_no(addresses, f'ping -n -q -c 1 -w {pings.PING_S} {how} "$t" > /dev/null 2>&1')


def _yes_or_no(values: Iterable[str], test: str) -> str:
    """`VALUE yes|no` for each, all at once."""
    return f'for t in {_listed(values)}; do {{ {test} && echo "$t yes" || echo "$t no"; }} & done; wait'


def _routes(addresses: Iterable[str], how: str) -> str:
    return f'for t in {_listed(addresses)}; do ip -4 route get "$t"{how} 2>&1 | head -n 1; done'


def _listed(values: Iterable[str]) -> str:
    return " ".join(map(shlex.quote, values))
