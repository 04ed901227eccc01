"""What helps to find a fault on a host: logs, states, settings. Reads only; secrets are taken out by cluster.redaction."""

from __future__ import annotations

from facts.kubernetes import KUBECONFIG, KUBECTL
from facts.systemd import UNITS

LINES = 3000
# Names and command lines of processes may hold secrets of others: only what they are called is asked.
_EVERYWHERE = {
    "kernel-log": (f"journalctl -k -n {LINES} --no-pager -o short-iso", 15),
    "machine": ("uname -a; cat /etc/os-release; uptime; free -m; df -h; df -i; lsblk 2>/dev/null", 8),
    "processes": ("ps -eo pid,ppid,user:16,pcpu,pmem,etime,comm", 8),
    "failed-units": ("systemctl list-units --failed --no-pager; systemctl list-timers --no-pager", 8),
    "network": ("ip address; ip rule; ip route show table all; ip neigh; ss -tulnH", 8),
    "nftables": ("nft list ruleset", 8),
    "iptables": ("iptables-save; ip6tables-save; iptables-legacy-save 2>/dev/null", 8),
    "packages": (
        "dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\\n' | grep -E 'kube|containerd|tailscale|headscale|nginx|iptables|nftables'",
        8,
    ),
    "tailscale": ("tailscale status; tailscale netcheck; tailscale debug prefs", 25),
    "pod-logs": (
        'for f in /var/log/pods/*/*/*.log; do test -e "$f" || continue; echo "== $f"; tail -n 300 "$f"; done',
        20,
    ),
    "files": (
        "for f in /etc/hosts /etc/resolv.conf /etc/default/tailscaled /etc/headscale/config.yaml /etc/headscale/policy.hujson /etc/nginx/conf.d/*.conf "
        "/etc/containerd/config.toml /etc/containerd/certs.d/*/hosts.toml /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env "
        "/etc/kubernetes/manifests/*.yaml /etc/sysctl.d/*isthmus* /usr/local/lib/isthmus/*; do "
        'test -f "$f" || continue; echo "== $f"; cat "$f"; done',
        8,
    ),
}
_API = {
    "api-objects": (f"{KUBECTL} --request-timeout=20s get nodes,pods,services,daemonsets,deployments -A -o wide", 25),
    "api-nodes": (f"{KUBECTL} --request-timeout=20s describe nodes", 25),
    "api-events": (f"{KUBECTL} --request-timeout=20s get events -A --sort-by=.lastTimestamp", 25),
}


def questions() -> dict[str, tuple[str, int]]:
    """Name → command for sh, as root, and the seconds that it may take."""
    logs = {f"log-{unit}": (f"journalctl -u {unit} -n {LINES} --no-pager -o short-iso", 15) for unit in UNITS}
    asked = {
        name: (f"test -f {KUBECONFIG} || {{ echo 'no API here'; exit 0; }}; {command}", limit)
        for name, (command, limit) in _API.items()
    }
    return {**_EVERYWHERE, **logs, **asked}
