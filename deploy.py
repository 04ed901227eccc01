"""Turn the hosts of the inventory into one Kubernetes cluster."""

from phases import (
    baseline,
    control_plane,
    coordination,
    host_rules,
    kubeconfig,
    packages,
    pod_network,
    preflight,
    runtime,
    tailnet,
    workers,
)

preflight.check_hosts()
baseline.prepare_hosts()
packages.install_packages()
host_rules.admit_traffic()
runtime.run_containerd()
coordination.run_headscale()
tailnet.join_hosts()
control_plane.start()
pod_network.declare()
workers.join()
pod_network.connect()
kubeconfig.hand_over()
