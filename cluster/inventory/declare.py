"""From the inventory's plain data to the checked model: every problem at once, before any host is contacted."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.inventory import checks, errors, read
from cluster.model import Cluster, ClusterSettings, ConnectionSettings, Host, HostSettings, Site
from cluster.problems import ModelError, Problem, once

Data = read.Data
# None is the default of these paths, but pyinfra fails if it is written.
OF_PYINFRA = ("ssh_key", "ssh_config_file", "ssh_known_hosts_file")
CLUSTER = "group_data/all.py "


def declare(data: Data) -> Cluster:
    """The model of `data` (host name → its merged host and group data); raises ModelError with all problems."""
    if not data:
        raise ModelError([NO_HOST])
    found = [problem for name, values in data.items() for problem in read.unknown(name, values)]
    shared, more = read.shared(ClusterSettings, data, read.CLUSTER_WIDE)
    found += more
    settings, more = read.read(ClusterSettings, shared, CLUSTER)
    found += more
    sites, more = read.sites(data)
    found += more
    hosts, more = _hosts(data, sites)
    found += more
    cluster = Cluster.model_construct(hosts=_with_gateway(hosts), **settings)
    places = {problem.where for problem in found}
    found += [problem for problem in checks.problems(cluster, data, places) if problem.where not in places]
    if found:
        raise ModelError(once(found))
    return Cluster(hosts=cluster.hosts, warnings=checks.warnings(cluster), **settings)


NO_HOST = Problem(
    "inventory.py",
    "it names no host",
    "a cluster needs a coordinator and a control plane; pyinfra leaves out groups that are no lists",
    "write a list of hosts for each group, as in docs/inventory.md",
)


def _hosts(data: Data, sites: Mapping[str, Site]) -> tuple[tuple[Host, ...], list[Problem]]:
    hosts, found = [], []
    for name, values in data.items():
        settings, problems = read.read(HostSettings, {"ssh_hostname": name, **values}, f"{name}.")
        found += read.name_problems(name)
        # Without ssh_hostname the name is the way in: what is wrong with it is a problem of the name.
        found += [
            problem for problem in problems if "ssh_hostname" in values or problem.where != f"{name}.ssh_hostname"
        ]
        found += [
            errors.wrong_value(f"{name}.", key, "None is no path in quotes")
            for key in OF_PYINFRA
            if values.get(key, "") is None
        ]
        found += read.read(ConnectionSettings, ConnectionSettings.readable({**values}), f"{name}.")[1]
        hosts.append(Host.model_construct(name=name, site=sites[name], **settings))
    return tuple(hosts), found


def _with_gateway(hosts: tuple[Host, ...]) -> tuple[Host, ...]:
    """The hosts; if none has the role gateway, the coordinator gets it."""
    if any(host.is_gateway for host in hosts):
        return hosts
    return tuple(
        host.model_copy(update={"roles": ("gateway", *host.roles)}) if host.is_coordinator else host for host in hosts
    )
