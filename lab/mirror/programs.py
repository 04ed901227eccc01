"""How each served program is built: data for golang.py."""

from __future__ import annotations

from lab.mirror.golang import GoProgram

BOTH = ("amd64", "arm64")
KUBERNETES_NODE = ("kubeadm", "kubelet", "kubectl")
KUBERNETES_IMAGES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
# A fixed moment, so that the same version is the same program.
BUILD_DATE = "2026-01-01T00:00:00Z"


def kubernetes_stamps() -> tuple[tuple[str, str], ...]:
    """What `kubectl version` shows; both packages carry the same variables."""
    values = {
        "gitVersion": "v{version}",
        "gitMajor": "{major}",
        "gitMinor": "{minor}",
        "gitTreeState": "clean",
        "gitCommit": "0" * 40,
        "buildDate": BUILD_DATE,
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return tuple((f"{package}.{name}", value) for package in packages for name, value in values.items())


KUBERNETES = GoProgram(
    "k8s.io/kubernetes",
    tuple(f"cmd/{name}" for name in (*KUBERNETES_NODE, *KUBERNETES_IMAGES)),
    stamps=kubernetes_stamps(),
)
TAILSCALE = GoProgram(
    "tailscale.com",
    ("cmd/tailscale", "cmd/tailscaled"),
    stamps=(
        ("tailscale.com/version.longStamp", "{version}-t000000000"),
        ("tailscale.com/version.shortStamp", "{version}"),
    ),
)
HEADSCALE = GoProgram("github.com/juanfont/headscale", ("cmd/headscale",), released=True)
CONTAINERD = GoProgram(
    "github.com/containerd/containerd/v2",
    ("cmd/containerd", "cmd/ctr", "cmd/containerd-shim-runc-v2"),
    stamps=(("github.com/containerd/containerd/v2/version.Version", "v{version}"),),
)
RUNC = GoProgram("github.com/opencontainers/runc", ("",), tags="seccomp,urfave_cli_no_docs,netgo,osusergo", cgo=BOTH)
# Its udp backend is in C on amd64; tencentcloud's common part and its vpc part must be of one version.
FLANNEL = GoProgram(
    "github.com/flannel-io/flannel",
    ("", "cmd/install_conf"),
    stamps=(("github.com/flannel-io/flannel/pkg/version.Version", "v{version}"),),
    tags="netgo,osusergo",
    cgo=("amd64",),
    replace=(
        "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/vpc => "
        "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/vpc v1.3.75",
    ),
    rename=(("flannel", "flanneld"), ("install_conf", "install-conf")),
)
CNI_PLUGINS = GoProgram(
    "github.com/containernetworking/plugins",
    tuple(f"plugins/ipam/{name}" for name in ("dhcp", "host-local", "static"))
    + tuple(f"plugins/meta/{name}" for name in ("bandwidth", "firewall", "portmap", "sbr", "tuning", "vrf"))
    + tuple(
        f"plugins/main/{name}"
        for name in ("bridge", "dummy", "host-device", "ipvlan", "loopback", "macvlan", "ptp", "tap", "vlan")
    ),
    stamps=(("github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion", "v{version}"),),
)
# flannel-io/cni-plugin is on no module proxy; this is the same plugin before it moved there.
FLANNEL_CNI = GoProgram(
    "github.com/containernetworking/plugins",
    ("plugins/meta/flannel",),
    stamps=(("github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion", "v{version}"),),
)
COREDNS = GoProgram("github.com/coredns/coredns", ("",))
ETCD = GoProgram("go.etcd.io/etcd/server/v3", ("",), rename=(("server", "etcd"),))
ETCDCTL = GoProgram("go.etcd.io/etcd/etcdctl/v3", ("",))
ETCDUTL = GoProgram("go.etcd.io/etcd/etcdutl/v3", ("",))

FLANNEL_CNI_VERSION = "0.9.1"
FLANNEL_CNI_TAG = "v1.9.1-flannel3"
