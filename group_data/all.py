"""What every host shares."""

coordination_name = "mesh.isthmus.example"
certificate = "acme"
acme_email = "operator@isthmus.example"

kubernetes_version = "1.36.3"
pod_network = "routed"

# Containers and cgroup v1 are accepted where they are found (the lab's hosts are both); a host that is neither doesn't notice.
exceptions = ("container", "cgroup-v1", "small-memory")
