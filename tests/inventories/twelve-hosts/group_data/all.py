"""What every host shares."""

cluster_name = "dozen"
coordination_name = "mesh.dozen.example"
acme_email = "ops@dozen.example"
ssh_user = "root"

# So that the lab can rehearse it; real machines that are neither don't notice.
exceptions = ("container", "cgroup-v1", "small-memory")
