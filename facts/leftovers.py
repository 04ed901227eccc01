"""What Kubernetes of before left on a host, and whose settings our programs would read."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.observed import leftovers
from facts.base import Fact, parse_errors_as_fact_errors


class Leftovers(Fact[leftovers.Leftovers | None]):
    """Programs before ours in PATH, CNI files, other distributions of Kubernetes, their rules and settings; None = unknown.

    `programs`: names of programs that the deploy brings to this host.
    """

    def command(self, programs: Sequence[str]) -> str:
        return _LEFTOVERS.replace("PROGRAMS", " ".join(programs))

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> leftovers.Leftovers:
        return leftovers.parse(output)


# A link to the path of the deploy's own program runs just that. k3s's own removal leaves the folder node in /etc/rancher.
# kube-proxy's chain of the API's own service has the same name in every cluster: it is a hash of the service's name.
_LEFTOVERS = r"""
echo leftovers
if test -e /usr/local/lib/isthmus; then echo "ours yes"; fi
for n in PROGRAMS; do echo "/usr/local/sbin:/usr/local/bin:$PATH" | tr : '\n' | while read -r d; do
  case "$d" in /usr/bin|/usr/sbin|/bin|/sbin) break;; esac
  test -f "$d/$n" && test -x "$d/$n" || continue; t=$(readlink -f "$d/$n")
  case " $t $(readlink "$d/$n") " in *" /usr/bin/$n "*|*" /usr/sbin/$n "*) ;; *) echo "program $d/$n $t";; esac; done; done | sort -u
for f in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist /etc/cni/net.d/*.json; do if test -e "$f"; then echo "cni ${f##*/}"; fi; done
for f in /usr/local/bin/k3s-uninstall.sh /usr/local/bin/k3s-agent-uninstall.sh /opt/bin/k3s-uninstall.sh /opt/bin/k3s-agent-uninstall.sh \
  /usr/local/bin/rke2-uninstall.sh /usr/bin/rke2-uninstall.sh /opt/rke2/bin/rke2-uninstall.sh; do if test -e "$f"; then echo "uninstaller $f"; fi; done
if ls -A /etc/rancher 2>/dev/null | grep -qvx node; then echo "state /etc/rancher"; fi
for f in /var/lib/rancher/k3s /var/lib/rancher/rke2 /var/lib/k0s /etc/systemd/system/k0scontroller.service \
  /etc/systemd/system/k0sworker.service /var/snap/microk8s/current /etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf /etc/kubernetes/pki/ca.crt \
  /etc/kubernetes/manifests/*.yaml /var/lib/etcd/member /var/lib/kubelet/config.yaml; do if test -e "$f"; then echo "state $f"; fi; done
if test ! -e /usr/local/lib/isthmus; then
  for t in iptables-nft iptables-legacy; do command -v $t > /dev/null || continue
    case $t in iptables-legacy) grep -qs nat /proc/net/ip_tables_names || continue;; esac
    $t -w 5 -t nat -S KUBE-SERVICES 2>/dev/null | sed -n '/KUBE-SVC-NPX46M4PTMTKRN6Y/s/.* -d \([0-9.]*\).*/service \1/p'; done
  if command -v nft > /dev/null; then nft list map ip kube-proxy service-ips 2>/dev/null | grep -oE '[0-9.]+ \. tcp \. [0-9]+ : goto service-[A-Z0-9]+-default/kubernetes/' | sed 's/^\([0-9.]*\) .*/service \1/'; fi
fi
sed -n 's/^ *runtime-endpoint: *//p' /etc/crictl.yaml 2>/dev/null | tr -d "\"'" | sed 's/^/crictl /'
for f in /etc/default/kubelet /etc/systemd/system/kubelet.service /etc/systemd/system/containerd.service /usr/local/lib/systemd/system/containerd.service \
  /usr/local/lib/systemd/system/kubelet.service /etc/systemd/system/kubelet.service.d/*.conf /etc/systemd/system/containerd.service.d/*.conf; do
  test -e "$f" || test -L "$f" || continue
  case "$(readlink -f "$f")" in /dev/null) echo "setting $f masked"; continue;; esac
  grep -hE '^ *(ExecStart=.|KUBELET_EXTRA_ARGS=.|Environment=.*(KUBELET_|CONTAINERD_))' "$f" | sed "s|^ *|setting $f |"; done
{ env; sed 's/^export //' /etc/environment 2>/dev/null; } | grep -E '^(CONTAINERD_ADDRESS|CONTAINERD_NAMESPACE|CONTAINER_RUNTIME_ENDPOINT|IMAGE_SERVICE_ENDPOINT|CRI_CONFIG_FILE)=.' | sort -u | sed 's/^/variable /'
true
"""
