"""Turn the hosts of the inventory into one Kubernetes cluster."""

from phases import (
    baseline,
    control_plane,
    coordination,
    host_rules,
    kubeconfig,
    pod_network,
    preflight,
    runtime,
    tailnet,
    workers,
)

preflight.check_hosts()
baseline.prepare_hosts()
host_rules.admit_traffic()
coordination.run_headscale()
tailnet.join_hosts()
runtime.run_containerd()
control_plane.start()
workers.join()
pod_network.install()
kubeconfig.hand_over()
