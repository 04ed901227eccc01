"""Kubernetes' own conformance tests against a lab's cluster."""
