"""What every host shares."""

cluster_name = "far-apart"
coordination_name = "mesh.far-apart.example"
acme_email = "ops@far-apart.example"
tailnet_cidr = "100.64.64.0/26"
ssh_user = "root"

# So that the lab can rehearse it; real machines that are neither don't notice.
exceptions = ("container", "cgroup-v1", "small-memory")
