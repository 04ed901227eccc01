"""Settings that can't change on a running cluster, because names, certificates or assigned addresses depend on them."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.model import Cluster
from cluster.problems import Problem

WHY = {
    "endpoint": "every kubeconfig and the API's certificate contain it, and nodes would not find the API any more",
    "services": "services have addresses of it, and the API's certificate contains the first of them",
    "pods": "every node has a subnet of it",
    "domain": "running pods and CoreDNS resolve names in it",
}


def declared(cluster: Cluster) -> dict[str, tuple[str, str]]:
    """Setting → its keys in the inventory, and its declared value in the form that a running cluster reports."""
    return {
        "endpoint": ("api_name, api_port", f"{cluster.api_endpoint_name}:{cluster.api_port}"),
        "services": ("service_cidr", str(cluster.service_cidr)),
        "pods": ("pod_cidr", str(cluster.pod_cidr)),
        "domain": ("dns_domain", cluster.dns_domain),
    }


def differences(cluster: Cluster, found: Mapping[str, Mapping[str, str]]) -> list[Problem]:
    """Problems of hosts whose running cluster has another value. `found`: host → setting → value, without settings that the host lacks."""
    problems = []
    for setting, (keys, wanted) in declared(cluster).items():
        others: dict[str, list[str]] = {}
        for name, settings in found.items():
            if settings.get(setting, wanted) != wanted:
                others.setdefault(settings[setting], []).append(name)
        problems += [
            Problem(
                ", ".join(names),
                f"the running cluster has {value}, but {keys} in the inventory is {wanted}",
                WHY[setting],
                f"restore the old value of {keys}; for a new value, run tasks/reset.py and then the deploy, which make a new cluster",
            )
            for value, names in others.items()
        ]
    return problems
