"""Remove flannel and its state from every node, install it again, and restart the pods. Asks for the cluster's name, or takes --data yes=CLUSTER; takes force=1."""

from day_two import reinstall_pod_network
from phases import pod_network

ended = reinstall_pod_network.take_away()
pod_network.declare(after=ended)
reinstall_pod_network.renew_pods(after=ended)
pod_network.connect()
