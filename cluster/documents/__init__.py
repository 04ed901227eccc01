"""What is written for other programs, made from the model: kubeadm's files, containerd's, flannel's, headscale's, rules and names."""
