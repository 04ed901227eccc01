"""The Debian packages of the served repositories: what each holds, as its project packages it."""

from __future__ import annotations

from pathlib import Path

from lab.mirror.deb import Deb

FILES = Path(__file__).parent / "files"
UNITS = "/usr/lib/systemd/system"
SUITES = {"bullseye": "11", "bookworm": "12", "trixie": "13"}
KUBERNETES_RELATIONS = {
    "kubelet": {"Depends": "iptables (>= 1.4.21), kubernetes-cni (>= 1.2.0), mount, util-linux"},
    "kubeadm": {"Recommends": "kubelet, kubectl"},
    "kubectl": {},
}
KUBERNETES_SUMMARY = {
    "kubelet": "Node agent for Kubernetes clusters",
    "kubeadm": "Command-line utility for administering a Kubernetes cluster",
    "kubectl": "Command-line utility for interacting with a Kubernetes cluster",
}


def shipped(name: str) -> str:
    """A file of ours that goes into a package."""
    return (FILES / name).read_text()


def kubernetes(version: str, architecture: str, programs: Path) -> list[Deb]:
    """kubelet, kubeadm and kubectl, as pkgs.k8s.io has them, but without cri-tools, which can't be had."""
    extra: dict[str, dict[str, Path | str]] = {
        "kubelet": {
            f"{UNITS}/kubelet.service": shipped("kubelet.service"),
            "/etc/default/kubelet": "KUBELET_EXTRA_ARGS=\n",
        },
        "kubeadm": {f"{UNITS}/kubelet.service.d/10-kubeadm.conf": shipped("10-kubeadm.conf")},
        "kubectl": {},
    }
    return [
        Deb(
            name=name,
            version=f"{version}-1.1",
            architecture=architecture,
            summary=KUBERNETES_SUMMARY[name],
            files={f"/usr/bin/{name}": programs / "bin" / name, **extra[name]},
            relations=KUBERNETES_RELATIONS[name],
            conffiles=("/etc/default/kubelet",) if name == "kubelet" else (),
            scripts={} if name == "kubectl" else {"postinst": shipped("reload.postinst")},
            folders=("/etc/kubernetes/manifests", "/var/lib/kubelet") if name == "kubelet" else (),
            section="net",
            homepage="https://kubernetes.io",
        )
        for name in extra
    ]


def kubernetes_cni(version: str, architecture: str, programs: Path) -> Deb:
    """The CNI plugins that kubelet's package depends on."""
    return Deb(
        name="kubernetes-cni",
        version=f"{version}-1.1",
        architecture=architecture,
        summary="Binaries required to provision kubernetes container networking",
        files={f"/opt/cni/bin/{plugin.name}": plugin for plugin in sorted((programs / "bin").iterdir())},
        folders=("/etc/cni/net.d",),
        section="net",
        homepage="https://kubernetes.io",
    )


def containerd_io(version: str, architecture: str, suite: str, programs: Path, runc: Path, source: Path) -> Deb:
    """Docker's package: containerd with its runc, static, so that one build runs on every release."""
    unit = (source / "containerd.service").read_text().replace("/usr/local/bin/containerd", "/usr/bin/containerd")
    binaries: dict[str, Path | str] = {f"/usr/bin/{file.name}": file for file in sorted((programs / "bin").iterdir())}
    return Deb(
        name="containerd.io",
        version=f"{version}-1~debian.{SUITES[suite]}~{suite}",
        architecture=architecture,
        summary="An open and reliable container runtime",
        files={
            **binaries,
            "/usr/bin/runc": runc / "bin" / "runc",
            f"{UNITS}/containerd.service": unit,
            "/etc/containerd/config.toml": shipped("containerd-config.toml"),
        },
        relations={"Provides": "containerd, runc", "Conflicts": "containerd, runc", "Replaces": "containerd, runc"},
        conffiles=("/etc/containerd/config.toml",),
        scripts={name: shipped(f"containerd.{name}") for name in ("postinst", "prerm", "postrm")},
        section="devel",
        homepage="https://containerd.io",
    )


def tailscale(version: str, architecture: str, programs: Path, source: Path) -> Deb:
    """tailscale's package, with the unit, defaults and scripts of its own source."""
    daemon = source / "cmd" / "tailscaled"
    units = ("tailscaled.service", "tailscale-online.target", "tailscale-wait-online.service")
    return Deb(
        name="tailscale",
        version=version,
        architecture=architecture,
        summary="The easiest, most secure, cross platform way to use WireGuard + oauth2 + 2FA/SSO",
        files={
            "/usr/bin/tailscale": programs / "bin" / "tailscale",
            "/usr/sbin/tailscaled": programs / "bin" / "tailscaled",
            **{f"{UNITS}/{unit}": (daemon / unit).read_text() for unit in units if (daemon / unit).is_file()},
            "/etc/default/tailscaled": (daemon / "tailscaled.defaults").read_text(),
        },
        relations={
            "Depends": "iptables",
            "Recommends": "tailscale-archive-keyring (>= 1.35.181), iproute2",
            "Conflicts": "tailscale-relay",
            "Replaces": "tailscale-relay",
        },
        conffiles=("/etc/default/tailscaled",),
        scripts={
            name: (source / "release/deb" / f"debian.{name}.sh").read_text() for name in ("postinst", "prerm", "postrm")
        },
        section="net",
        homepage="https://www.tailscale.com",
    )


def headscale(version: str, architecture: str, programs: Path, source: Path) -> Deb:
    """headscale's package, with the unit, example config and scripts of its own source."""
    example = (source / "config-example.yaml").read_text()
    return Deb(
        name="headscale",
        version=version,
        architecture=architecture,
        summary="Open source implementation of the Tailscale control server.",
        files={
            "/usr/bin/headscale": programs / "bin" / "headscale",
            f"{UNITS}/headscale.service": (source / "packaging/systemd/headscale.service").read_text(),
            "/etc/headscale/config.yaml": example,
            "/usr/share/doc/headscale/examples/config-example.yaml": example,
        },
        conffiles=("/etc/headscale/config.yaml",),
        scripts={name: (source / "packaging/deb" / name).read_text() for name in ("postinst", "prerm", "postrm")},
        folders=("/var/lib/headscale",),
        section="net",
        homepage="https://github.com/juanfont/headscale",
    )
