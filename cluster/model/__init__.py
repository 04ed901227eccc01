"""The declared cluster: hosts in sites, checked field by field and frozen.

Built once from the inventory and its group data by `cluster.inventory.declare.declare`; everything else is derived from it.
A key that an operator may write is a field of `HostSettings`, `SiteSettings`, `ClusterSettings` or `ConnectionSettings`, described by the `Key` in its
annotation: messages take their words from there, and docs/inventory.md has a row for each.
"""

from __future__ import annotations

from cluster.model.cluster import Certificate, Cluster, ClusterSettings
from cluster.model.connection import ConnectionSettings
from cluster.model.host import Host, HostSettings, Role, Taint
from cluster.model.key import Declared, Key
from cluster.model.site import Mirrors, Site, SiteSettings

__all__ = (
    "Certificate",
    "Cluster",
    "ClusterSettings",
    "ConnectionSettings",
    "Declared",
    "Host",
    "HostSettings",
    "Key",
    "Mirrors",
    "Role",
    "Site",
    "SiteSettings",
    "Taint",
)
