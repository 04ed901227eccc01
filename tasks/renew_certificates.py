"""Renew kubeadm's certificates on the control planes, and see that they are in use. Takes --data days=N."""

from phases import certificates

certificates.renew()
