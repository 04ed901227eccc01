"""Take flannel's state away from every node, install it again, and start the pods on it again. Takes --data force=1."""

from phases import pod_network, reinstalling

ended = reinstalling.take_away()
pod_network.declare(after=ended)
reinstalling.renew_pods(after=ended)
pod_network.connect()
