"""Turn the hosts of the inventory into one Kubernetes cluster."""

from phases import (
    baseline,
    containerd,
    control_plane,
    coordination,
    kubeconfig,
    packages,
    pod_network,
    preflight,
    routing,
    tailnet,
    workers,
)

preflight.check_hosts()
baseline.prepare_hosts()
packages.install_packages()
routing.route_and_admit_traffic()
containerd.run_containerd()
coordination.run_headscale()
tailnet.join_hosts()
control_plane.run_api()
pod_network.install_flannel()
workers.join_workers()
pod_network.connect_pods()
kubeconfig.write_kubeconfig()
