"""All that verify asks a host, in two scripts: its own state, and then what it reaches. They read only."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.mtu import PING_BYTES
from facts import headscale, kubernetes, network, pings, systemd, tailscale
from facts.base import Fact, parse_errors_as_fact_errors
from facts.sections import Section, parse_sections, script

PACKAGES = ("kubeadm", "kubelet", "kubectl", "containerd", "containerd.io", "tailscale", "headscale")
FILE_SYSTEMS = ("/", "/var", "/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd", "/var/log")
_PODS = (
    f"test -f {kubernetes.KUBECONFIG} || {{ echo '{{\"items\": []}}'; exit 0; }}; "
    f"{kubernetes.KUBECTL} --request-timeout=10s get pods --all-namespaces -o json 2>/dev/null || echo null"
)


class State(Fact[dict[str, Section] | None]):
    """The host's own state. `names` must resolve, `login_server` must answer, `listen` is where its headscale listens."""

    depends_on_other_hosts = True

    def command(self, names: Sequence[str] = (), login_server: str = "", listen: str = "") -> str:
        return script({**_own(names, login_server), **(_coordination(listen) if listen else {})})

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, Section]:
        return parse_sections(output)


class ClusterState(Fact[dict[str, Section] | None]):
    """What the Kubernetes API says of nodes, workloads and pods, asked on a control plane."""

    depends_on_other_hosts = True

    def command(self) -> str:
        questions = {
            "nodes": kubernetes.Nodes().command(),
            "workloads": kubernetes.Workloads().command(),
            "pods": _PODS,
        }
        return script({name: (command, 15) for name, command in questions.items()})

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, Section]:
        return parse_sections(output)


class Reach(Fact[dict[str, Section] | None]):
    """What the host reaches: tailnet and LAN addresses, the others' pod networks, ports (`ADDRESS PORT`), other addresses. `mtu` is the tailnet's."""

    depends_on_other_hosts = True

    def command(
        self,
        tailnet: Sequence[str],
        lan: Sequence[str],
        mtu: int,
        pod_gateways: Sequence[str] = (),
        pod_gateway: str = "",
        pod_address: str = "",
        ports: Sequence[str] = (),
        far: Sequence[str] = (),
    ) -> str:
        questions = {
            "paths": (pings.TailnetPaths().command(tailnet), 26),
            "lan": (pings.Answers().command(lan), pings.PING_S + 4),
            "small": (_pings(tailnet, f"-s {(mtu - PING_BYTES) // 10}"), pings.PING_S + 4),
            "large": (_pings(tailnet, f"-M do -s {mtu - PING_BYTES}"), pings.PING_S + 4),
            "lan-routes": (_routes(lan, ""), 5),
            "ports": (_ports(ports), 8),
            "far": (_pings(far, ""), pings.PING_S + 4),
        }
        if pod_gateway:
            questions["pod-routes"] = (_routes(pod_gateways, f" from {pod_address} iif cni0"), 5)
            questions["pod-gateways"] = (_pings(pod_gateways, f"-I {pod_gateway}"), pings.PING_S + 4)
        return script(questions)

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, Section]:
        return parse_sections(output)


def _own(names: Sequence[str], login_server: str) -> dict[str, tuple[str, int]]:
    units = " ".join(f"{unit}.service" for unit in systemd.UNITS)
    return {
        "status": (tailscale.Status().command(), 14),
        "prefs": (tailscale.Prefs().command(), 14),
        "netcheck": ("tailscale netcheck | head -n 20", 15),
        "units": (f"systemctl show --property=Id,LoadState,ActiveState,SubState,Result {units}", 8),
        "addresses": ("ip -o -4 address show", 5),
        "rules": ("ip -4 rule show", 5),
        "passing": (network.Forwarding().command(), 5),
        "table-52": ("ip -4 route show table 52", 5),
        "main-table": ("ip -4 route show table main", 5),
        "neighbours": ("ip -4 neigh show", 5),
        "filter": (network.PacketFilter().command(), 8),
        "drops": (
            "nft list ruleset 2>/dev/null | grep -nE '^table|hook (prerouting|forward)| drop| reject' | head -n 60",
            8,
        ),
        "disks": (
            f"df -Pk {' '.join(FILE_SYSTEMS)} 2>/dev/null; echo inodes; df -Pi {' '.join(FILE_SYSTEMS)} 2>/dev/null",
            8,
        ),
        "names": (_each(names, 'timeout 16 getent ahostsv4 "$t" > /dev/null && echo "$t yes" || echo "$t no"'), 18),
        "resolvers": (_RESOLVERS, 5),
        "sources": (_SOURCES, 15),
        "listeners": ("ss -Hltn | awk '{print $4}' | sort -u", 5),
        "keys": (
            'for f in /etc/apt/keyrings/isthmus-*.gpg; do test -e "$f" || continue; echo "file $f"; gpg --batch --show-keys --with-colons "$f" 2>/dev/null; done',
            8,
        ),
        "certificates": (_CERTIFICATES, 8),
        "versions": (
            f"dpkg-query -W -f '${{Package}} ${{Version}} ${{db:Status-Status}}\\n' {' '.join(PACKAGES)} 2>/dev/null; true",
            8,
        ),
        "services": (_SERVICES, 8),
        "machine": ("stat -fc %T /sys/fs/cgroup; systemd-detect-virt --container || true", 5),
        "login-server": (headscale.Reachable().command(login_server), 8),
        "kubelet-log": (
            "journalctl -u kubelet -n 60 -o cat --no-pager | grep -E '^E|rror' | tail -n 4 | cut -c 1-300",
            8,
        ),
    }


def _coordination(listen: str) -> dict[str, tuple[str, int]]:
    return {
        "headscale-health": (f"curl -sS -m 5 http://{listen}/health", 8),
        "headscale-nodes": (headscale.LIST_NODES, 12),
        "headscale-keys": ("timeout 8 headscale apikeys list --output json 2>/dev/null || echo null", 10),
    }


def _each(values: Sequence[str], body: str) -> str:
    return f"for t in {' '.join(shlex.quote(value) for value in values)}; do {{ {body}; }} & done; wait"


def _pings(addresses: Sequence[str], how: str) -> str:
    return _each(
        addresses, f'ping -n -q -c 1 -w {pings.PING_S} {how} "$t" > /dev/null 2>&1 && echo "$t yes" || echo "$t no"'
    )


def _routes(addresses: Sequence[str], how: str) -> str:
    wanted = " ".join(shlex.quote(address) for address in addresses)
    return f'for t in {wanted}; do ip -4 route get "$t"{how} 2>&1 | head -n 1; done'


def _ports(targets: Sequence[str]) -> str:
    probe = 'timeout 4 bash -c "exec 3<>/dev/tcp/${t% *}/${t#* }" 2>/dev/null && echo "$t yes" || echo "$t no"'
    return _each(targets, probe)


_RESOLVERS = r"""f=$(sed -n 's/^resolvConf: *//p' /var/lib/kubelet/config.yaml 2>/dev/null | tr -d '"'); grep -s '^nameserver' "${f:-/etc/resolv.conf}"; true"""
_SOURCES = r"""
{ sed -n 's/^deb \[[^]]*\] //p' /etc/apt/sources.list.d/isthmus-*.list 2>/dev/null | while read -r uri suite rest; do
    case "$suite" in /) echo "${uri%/}/Release";; *) echo "${uri%/}/dists/$suite/Release";; esac; done
  test ! -d /etc/containerd || for r in registry.k8s.io ghcr.io; do
    if test -e /etc/containerd/certs.d/$r/hosts.toml; then sed -n 's/^\[host\."\(.*\)"\]/\1\/v2\//p' /etc/containerd/certs.d/$r/hosts.toml; else echo "https://$r/v2/"; fi; done
} | sort -u | { while read -r u; do
  { r=$(curl -sSL -o /dev/null --connect-timeout 6 -m 10 -w '%{http_code}' "$u" 2>&1); echo "$u $(echo "$r" | tr '\n' ' ')"; } &
done; wait; }"""
_CERTIFICATES = r"""
for f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /var/lib/kubelet/pki/kubelet-client-current.pem $(sed -n 's/^ *ssl_certificate  *\(.*\);/\1/p' /etc/nginx/conf.d/*.conf /etc/nginx/sites-enabled/* 2>/dev/null | sort -u); do
  test -s "$f" || continue; e=$(openssl x509 -enddate -noout -in "$f" 2>/dev/null | cut -d= -f2) && echo "$f $(date -d "$e" +%s)"
done"""
_SERVICES = r"""
n=0; for tool in iptables-nft-save iptables-legacy-save; do
  command -v $tool >/dev/null || continue
  case $tool in *legacy*) grep -qs nat /proc/net/ip_tables_names || continue;; esac
  rules=$($tool -t nat 2>/dev/null)
  echo "$rules" | grep -E '^-A (PREROUTING|OUTPUT) .*KUBE-SERVICES'
  m=$(echo "$rules" | grep -cE '^-A KUBE-SERVICES .*-j KUBE-(SVC|EXT)'); n=$((n + m))
done
nft list table ip kube-proxy 2>/dev/null | grep -c dnat | sed 's/^/nft /'
echo "rules $n" """
