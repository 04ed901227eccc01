"""What Kubernetes is on a host, and what the API lists if the host is a control plane."""

from __future__ import annotations

import shlex

from cluster.observed import kubeadm_state, nodes, pods, tokens
from facts.base import Fact, parse_errors_as_fact_errors

KUBECONFIG = "/etc/kubernetes/admin.conf"
# Without it kubectl leaves its cache in the home of root, which is the owner's.
KUBECTL_CACHE = "/run/isthmus-kubectl"
KUBECTL = f"kubectl --kubeconfig {KUBECONFIG} --cache-dir {KUBECTL_CACHE}"
# One JSON value in every case: `null` if the API does not answer, an empty list if the host runs none.
_ITEMS = (
    f"test -f {KUBECONFIG} && command -v kubectl >/dev/null || {{ echo '{{\"items\": []}}'; exit 0; }}; "
    # kubectl prints an empty list before it reports that the API does not answer.
    f"if said=$({KUBECTL} --request-timeout=10s get WHAT -o json 2>/dev/null); then printf '%s\\n' \"$said\"; else echo null; fi"
)
# The files that name kube-proxy's processes.
PROXIES = "$(grep -lsx kube-proxy /proc/[0-9]*/comm)"
SAME, DIFFERENT, ABSENT = "same", "different", "absent"


class KubeletVersion(Fact[str | None]):
    """The installed kubelet's version, such as 1.36.3; empty without one; None = unknown."""

    def command(self) -> str:
        return "command -v kubelet >/dev/null || { echo absent; exit 0; }; kubelet --version"

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> str:
        return "" if output[0] == "absent" else output[0].split()[1].removeprefix("v")


class Nodes(Fact[list[nodes.Node] | None]):
    """The nodes of the cluster, asked on a control plane; none elsewhere; None = the API does not answer."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return _ITEMS.replace("WHAT", "nodes")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> list[nodes.Node] | None:
        return nodes.parse_nodes(output)


class Workloads(Fact[list[nodes.Workload] | None]):
    """Deployments and DaemonSets, asked on a control plane; none elsewhere; None = the API does not answer."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return _ITEMS.replace("WHAT", "deployments,daemonsets --all-namespaces")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> list[nodes.Workload] | None:
        return nodes.parse_workloads(output)


class Evictable(Fact[list[pods.Pod] | None]):
    """The pods of a node that a drain would move, asked on a control plane; none elsewhere; None = the API does not answer."""

    depends_on_other_hosts = True

    def command(self, node: str) -> str:
        return _ITEMS.replace("WHAT", f"pods --all-namespaces --field-selector spec.nodeName={shlex.quote(node)}")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> list[pods.Pod] | None:
        return pods.parse_evictable(output)


class OnPodNetwork(Fact[list[pods.Networked] | None]):
    """The pods that have an address of the pod network, asked on a control plane; none elsewhere; None = the API does not answer."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return _ITEMS.replace("WHAT", "pods --all-namespaces")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> list[pods.Networked] | None:
        return pods.parse_networked(output)


class KubeProxyEndpoint(Fact[list[str] | None]):
    """Where `api` leads for each kube-proxy that runs on the host: kubelet copies /etc/hosts into its container when it starts."""

    def command(self, api: str) -> str:
        first = f"awk -v name={shlex.quote(api)} '{{sub(/#.*/, \"\"); for (i = 2; i <= NF; i++) if ($i == name) {{print $1; exit}}}}'"
        return f"echo addresses; for p in {PROXIES}; do {first} ${{p%/comm}}/root/etc/hosts 2>/dev/null; done; true"

    def process(self, output: list[str]) -> list[str]:
        return output[1:]


class Membership(Fact[kubeadm_state.Membership | None]):
    """What kubeadm left on the host; None = unknown."""

    def command(self) -> str:
        return (
            "if test -f /etc/kubernetes/kubelet.conf; then "
            "echo \"kubelet $(sed -n 's/.*certificate-authority-data: *//p' /etc/kubernetes/kubelet.conf)\"; else echo 'kubelet -'; fi; "
            'if test -f /etc/kubernetes/pki/ca.crt; then echo "pki $(base64 -w 0 /etc/kubernetes/pki/ca.crt)"; else echo "pki -"; fi'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> kubeadm_state.Membership:
        return kubeadm_state.parse(output)


class Settled(Fact[dict[str, str] | None]):
    """What the cluster keeps for good, as far as this host knows it, by the names of `cluster.preflight.immutable`; None = unknown."""

    def command(self) -> str:
        # On a control plane kubelet asks its own API: what all others ask is in the administrator's file.
        known = "test -f /etc/kubernetes/admin.conf && f=admin || f=kubelet"
        return (
            f"echo settled; {known}; sed -n 's|^ *server: https://|endpoint |p' /etc/kubernetes/$f.conf 2>/dev/null; "
            "sed -n 's|^ *- --service-cluster-ip-range=|services |p; s|^ *- --cluster-cidr=|pods |p' "
            "/etc/kubernetes/manifests/kube-apiserver.yaml /etc/kubernetes/manifests/kube-controller-manager.yaml 2>/dev/null; "
            "sed -n 's|^clusterDomain: |domain |p' /var/lib/kubelet/config.yaml 2>/dev/null; true"
        )

    def process(self, output: list[str]) -> dict[str, str]:
        return dict(line.split(" ", 1) for line in output[1:])


class JoinTokens(Fact[list[str] | None]):
    """Secrets that hold a join token described as `mark` (empty: any), by name, never with their content; None = the API does not answer."""

    depends_on_other_hosts = True

    def command(self, mark: str) -> str:
        template = '{{range .items}}{{.metadata.name}} {{if .data.description}}{{base64decode .data.description}}{{end}}{{"\\n"}}{{end}}'
        return (
            f"test -f {KUBECONFIG} || {{ echo tokens {shlex.quote(mark)}; exit 0; }}; echo tokens {shlex.quote(mark)}; "
            f"{KUBECTL} --request-timeout=10s -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token "
            f"-o go-template={shlex.quote(template)} 2>/dev/null || echo unknown"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> list[str] | None:
        return tokens.parse_join_tokens(output)


class Manifest(Fact[str | None]):
    """Whether the cluster holds the objects of `manifest` just so (`kubectl diff`): same, different, or absent; None = unknown."""

    depends_on_other_hosts = True

    def command(self, manifest: str) -> str:
        return (
            f"test -f {KUBECONFIG} || {{ echo {ABSENT}; exit 0; }}; "
            f"said=$({KUBECTL} --request-timeout=20s diff --server-side --force-conflicts --field-manager=isthmus -f - 2>&1 <<'END-OF-MANIFEST'\n"
            f"{manifest}\nEND-OF-MANIFEST\n); "
            f"case $? in 0) echo {SAME};; 1) echo {DIFFERENT};; "
            f'*) case "$said" in *NotFound*|*"not found"*) echo {ABSENT};; *) echo unknown;; esac;; esac'
        )

    def process(self, output: list[str]) -> str | None:
        return None if output[-1] == "unknown" else output[-1]


class Images(Fact[list[str] | None]):
    """What the installed kubeadm wants for `version` (X.Y.Z; empty: its own); none without kubeadm; None = unknown."""

    def command(self, version: str = "") -> str:
        wanted = shlex.quote(f"v{version}") if version else '"$(kubeadm version -o short)"'
        return (
            "command -v kubeadm >/dev/null || { echo absent; exit 0; }; "
            f"kubeadm config images list --kubernetes-version {wanted} 2>/dev/null"
        )

    def process(self, output: list[str]) -> list[str]:
        return [line for line in output if line != "absent"]
