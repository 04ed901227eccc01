"""Renew kubeadm's certificates on the control planes, and see that they are in use. Takes --data days=N."""

from day_two import renew_certificates

renew_certificates.renew()
