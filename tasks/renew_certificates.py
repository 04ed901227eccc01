"""Renew kubeadm's certificates on the control planes, and prove that they are in use. Takes --data days=N."""

from day_two import renew_certificates

renew_certificates.renew_certificates()
