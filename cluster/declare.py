"""From the inventory's plain data to the checked model: every problem at once, before any host is contacted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from cluster.model import Cluster, ClusterSettings, Host, HostSettings, Site, SiteSettings
from cluster.problems import ModelError, Problem


def declare(data: Mapping[str, Mapping[str, Any]]) -> Cluster:
    """The model of `data` (host name → its merged host and group data); raises ModelError with all problems."""
    hosts = []
    settings: dict[str, Any] = {}
    try:
        for name, values in data.items():
            site = Site(**_pick(values, SiteSettings))
            host_values = {"ssh_hostname": name, **_pick(values, HostSettings)}
            hosts.append(Host(name=name, site=site, **host_values))
            settings = _pick(values, ClusterSettings)
        return Cluster(hosts=tuple(hosts), **settings)
    except ValidationError as error:
        raise ModelError(
            [Problem("inventory", str(error), "it is checked before any host is contacted", "correct it")]
        ) from None


def _pick(values: Mapping[str, Any], settings: type) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key in settings.model_fields}
