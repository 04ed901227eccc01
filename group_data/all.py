"""What every host shares."""

coordination_name = "mesh.isthmus.example"
certificate = "acme"
acme_email = "operator@isthmus.example"

kubernetes_version = "1.36.3"
pod_network = "routed"

# Accepted where they are found: the lab's hosts are containers on cgroup v1. A host that is neither doesn't notice.
exceptions = ("container", "cgroup-v1", "small-memory")
