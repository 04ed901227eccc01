"""What every host shares."""

coordination_name = "mesh.machines.example"
certificate = {"certificate": "tls/mesh.crt", "key": "tls/mesh.key"}
