"""Which hosts an assertion is for, and with which values: one test for each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import testinfra
from testinfra.host import Host as Remote

from cluster.model import Cluster, Host

Rows = Callable[[Cluster, Host], Iterable[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Machine:
    """A host as it is declared (`declared`, in `cluster`) and as it is found (`remote`)."""

    cluster: Cluster
    declared: Host
    others: Mapping[str, Machine]
    data: Mapping[str, Any]
    sockets: str

    def __repr__(self) -> str:
        """What a failed assertion shows."""
        return self.declared.name

    @functools.cached_property
    def remote(self) -> Remote:
        """The host by OpenSSH, so as `~/.ssh/config` says, at the address, port and user of the inventory and with its key.

        All commands of a run share one connection, whose socket is in the folder `sockets`.
        """
        options = {
            "StrictHostKeyChecking": self.data.get("ssh_strict_host_key_checking", "accept-new"),
            "UserKnownHostsFile": self.data.get("ssh_known_hosts_file"),
            "BatchMode": "yes",
            "ControlMaster": "auto",
            "ControlPersist": "60s",
            "ControlPath": f"{self.sockets}/%C",
        }
        return testinfra.get_host(
            f"ssh://{self.declared.ssh_user}@{self.declared.ssh_hostname}:{self.declared.ssh_port}",
            sudo=bool(self.data.get("_sudo")),
            ssh_config=self.data.get("ssh_config_file"),
            ssh_identity_file=self.data.get("ssh_key"),
            ssh_extra_args=" ".join(f"-o {key}={value}" for key, value in options.items() if value),
        )

    @functools.cached_property
    def is_container(self) -> bool:
        """Its kernel is somebody else's: modules and some sysctls can't be seen in it."""
        return bool(self.remote.run("systemd-detect-virt --quiet --container").succeeded)

    @functools.cached_property
    def tailnet_address(self) -> str:
        """Its IPv4 address in the tailnet, by its own name on itself; no program must run for that."""
        found = self.remote.addr(self.declared.name).ipv4_addresses
        (address,) = (address for address in found if is_in(self.cluster.tailnet_cidr, address))
        return str(address)

    def routed(self, address: str) -> str:
        """The name of the link by which the kernel sends to `address`."""
        words = self.remote.check_output("ip -4 -o route get %s", address).split()
        return str(words[words.index("dev") + 1])


def is_in(network: Any, address: str) -> bool:
    """Whether the text is an address of that network."""
    return type(network.network_address)(address) in network


def each(name: str, rows: Rows) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The test is run once for each of `rows`, which it takes as its argument `name`."""

    def marked(test: Callable[..., None]) -> Callable[..., None]:
        test.each = (name, rows)  # type: ignore[attr-defined]
        return test

    return marked
