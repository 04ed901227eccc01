"""What every host shares."""

coordination_name = "mesh.triple.example"
acme_email = "ops@triple.example"
kubernetes_version = "1.37.2"
api_access = ("198.51.100.0/28",)
nat = "one_to_one"
ssh_user = "debian"
_sudo = True

# So that the lab can rehearse it; real machines that are neither don't notice.
exceptions = ("container", "cgroup-v1", "small-memory")
