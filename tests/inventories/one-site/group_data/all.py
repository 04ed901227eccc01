"""What every host shares."""

coordination_name = "mesh.rack.example"
certificate = {"certificate": "tls/mesh.crt", "key": "tls/mesh.key"}
