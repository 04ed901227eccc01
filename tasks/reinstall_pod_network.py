"""Remove flannel and its state from every node, install it again, and restart the pods. Asks for the cluster's name, or takes --data yes=CLUSTER; takes force=1."""

from day_two import reinstall_pod_network
from phases import pod_network

ended = reinstall_pod_network.remove_pod_network()
pod_network.install_flannel(after=ended)
reinstall_pod_network.restart_pods(after=ended)
pod_network.connect_pods()
