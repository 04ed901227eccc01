"""What every host shares; versions are the defaults."""

cluster_name = "calm"
coordination_name = "mesh.calm.example"
acme_email = "ops@calm.example"
exceptions = ("container", "cgroup-v1", "small-memory")
