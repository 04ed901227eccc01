"""What every host shares."""

cluster_name = "far-apart"
coordination_name = "mesh.far-apart.example"
acme_email = "ops@far-apart.example"
tailnet_cidr = "100.64.64.0/26"
ssh_user = "root"
