"""Measure the cluster: hosts, nodes, the path between every two hosts, and pod to pod between every two nodes."""

from measure import run

run.measure()
