"""What every host shares."""

coordination_name = "mesh.rack.example"
certificate = {"certificate": "tls/mesh.crt", "key": "tls/mesh.key"}

# So that the lab can rehearse it; real machines that are neither don't notice.
exceptions = ("container", "cgroup-v1", "small-memory")
