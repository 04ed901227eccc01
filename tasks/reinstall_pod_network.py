"""Take flannel's state away from every node, install it again, and start the pods on it again. Takes --data force=1."""

from day_two import reinstall_pod_network
from phases import pod_network

ended = reinstall_pod_network.take_away()
pod_network.declare(after=ended)
reinstall_pod_network.renew_pods(after=ended)
pod_network.connect()
