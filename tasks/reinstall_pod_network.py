"""Take flannel's state away from every node, install it again, and start the pods on it again. Takes --data force=1."""

from phases import reinstalling

reinstalling.reinstall()
