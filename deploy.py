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
routing.admit_traffic()
containerd.run_containerd()
coordination.run_headscale()
tailnet.join_hosts()
control_plane.start()
pod_network.declare()
workers.join()
pod_network.connect()
kubeconfig.hand_over()
