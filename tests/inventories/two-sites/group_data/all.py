"""What every host shares."""

cluster_name = "atelier"
coordination_name = "vpn.atelier.example"
coordination_port = 8443
certificate = "acme"
acme_email = "it@atelier.example"

tailnet_cidr = "100.90.0.0/16"
pod_cidr = "172.30.0.0/16"
service_cidr = "10.40.0.0/16"
pod_network = "vxlan"
dns_domain = "atelier.local"
api_name = "kube.atelier.example"
api_port = 7443

kubernetes_version = "1.35.4"

exceptions = ("container", "cgroup-v1", "small-memory")
