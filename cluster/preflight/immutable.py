"""What a cluster keeps from its beginning to its end, because names, certificates or addresses that were given out depend on it."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.model import Cluster
from cluster.problems import Problem

WHY = {
    "endpoint": "every kubeconfig and the API's certificate name it, and nodes would look for the API where it is not",
    "services": "services have their addresses already, and the API's certificate names the first of them",
    "pods": "every node has its network out of it already",
    "domain": "running pods and CoreDNS look names up in it",
}


def declared(cluster: Cluster) -> dict[str, tuple[str, str]]:
    """Setting → the keys of the inventory that make it, and its value as a running cluster would say it."""
    return {
        "endpoint": ("api_name, api_port", f"{cluster.api_endpoint_name}:{cluster.api_port}"),
        "services": ("service_cidr", str(cluster.service_cidr)),
        "pods": ("pod_cidr", str(cluster.pod_cidr)),
        "domain": ("dns_domain", cluster.dns_domain),
    }


def differences(cluster: Cluster, found: Mapping[str, Mapping[str, str]]) -> list[Problem]:
    """Why the inventory can't be brought about. `found`: host → setting → its value there, as far as the host knows it."""
    problems = []
    for setting, (keys, wanted) in declared(cluster).items():
        others: dict[str, list[str]] = {}
        for name, settings in found.items():
            if settings.get(setting, wanted) != wanted:
                others.setdefault(settings[setting], []).append(name)
        problems += [
            Problem(
                ", ".join(names),
                f"the cluster that runs there has {value}, {keys} in the inventory says {wanted}",
                WHY[setting],
                f"write {keys} as it was; for a new one, tasks/reset.py and then the deploy begin the cluster anew",
            )
            for value, names in others.items()
        ]
    return problems
