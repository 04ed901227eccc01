"""Clouds and how each admits a port, known by what a machine's firmware (DMI) reports, never by asking the cloud; and known proxies.

docs/door.md has the source of each row and the date of its reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Literal

Protocol = Literal["tcp", "udp"]
EVERYWHERE = "0.0.0.0/0"
IP_NUMBER: Mapping[str, int] = {"tcp": 6, "udp": 17}
# The files of /sys/class/dmi/id by which a cloud is known; none of them is for root alone, or differs between two machines.
FIRMWARE = ("sys_vendor", "product_name", "chassis_asset_tag", "bios_vendor")


@dataclass(frozen=True)
class Provider:
    """A cloud. `marks`: file of FIRMWARE → how its text begins; any one of them is enough.

    `filter`: the cloud's word for its packet filter. `console`: where a rule is added by hand.
    `command` adds an inbound rule, with {protocol}, {PROTOCOL}, {number} (of the protocol), {port}, {source} and {address} (the host's);
    words in capitals are the operator's to replace, and `find` lists them.
    """

    name: str
    marks: Mapping[str, str]
    filter: str
    console: str
    command: str = ""
    find: str = ""

    def rule(self, protocol: Protocol, port: int, address: str, source: str = EVERYWHERE) -> str:
        """How to admit the port from `source` (a network): by hand, and as a command. `address`: the host's public one."""
        values = {"protocol": protocol, "PROTOCOL": protocol.upper(), "number": IP_NUMBER[protocol], "port": port}
        text = f"add an inbound rule at {self.console}: source {source}, {protocol.upper()}, destination port {port}"
        if not self.command:
            return text
        command = self.command
        for key, value in {**values, "address": address, "source": source}.items():
            command = command.replace(f"{{{key}}}", str(value))
        return f"{text}; or type: {command}{f' ({self.find})' if self.find else ''}"


ORACLE = Provider(
    "Oracle",
    {"chassis_asset_tag": "OracleCloud.com"},
    "security list",
    "Networking → Virtual cloud networks → the VCN → Security → Security Lists → the subnet's list → Add Ingress Rules",
    "oci network nsg rules add --nsg-id NSG --security-rules "
    '\'[{"direction": "INGRESS", "protocol": "{number}", "source": "{source}", '
    '"{protocol}Options": {"destinationPortRange": {"min": {port}, "max": {port}}}}]\'',
    "NSG: a network security group of the host's VNIC, as in docs/door.md#oracle",
)
TENCENT = Provider(
    "Tencent",
    {"sys_vendor": "Tencent Cloud"},
    "security group",
    "CVM → Security Group → the group → Inbound rules → Add rule (Lighthouse: the server → Firewall → Add rule)",
    "tccli vpc CreateSecurityGroupPolicies --region REGION --SecurityGroupId GROUP --SecurityGroupPolicySet "
    '\'{"Ingress": [{"Protocol": "{PROTOCOL}", "Port": "{port}", "CidrBlock": "{source}", "Action": "ACCEPT"}]}\'',
    "REGION, GROUP and Lighthouse's own command: docs/door.md#tencent",
)
ALIBABA = Provider(
    "Alibaba",
    {"product_name": "Alibaba Cloud", "sys_vendor": "Alibaba Cloud"},
    "security group",
    "ECS → Network & Security → Security Groups → the group → Inbound → Add Rule (Simple Application Server: Firewall → Add Rule)",
    "aliyun ecs AuthorizeSecurityGroup --RegionId REGION --SecurityGroupId GROUP --IpProtocol {protocol} --PortRange {port}/{port} "
    "--SourceCidrIp {source}",
    "REGION and GROUP: docs/door.md#alibaba",
)
AWS = Provider(
    "AWS",
    {"sys_vendor": "Amazon EC2", "bios_vendor": "Amazon EC2"},
    "security group",
    "EC2 → Network & Security → Security Groups → the group → Inbound rules → Edit inbound rules → Add rule",
    "aws ec2 authorize-security-group-ingress --protocol {protocol} --port {port} --cidr {source} --group-id "
    '"$(aws ec2 describe-instances --filters Name=ip-address,Values={address} '
    "--query 'Reservations[0].Instances[0].SecurityGroups[0].GroupId' --output text)\"",
)
HETZNER = Provider(
    "Hetzner",
    {"sys_vendor": "Hetzner"},
    "firewall",
    "Hetzner Console → the project → Firewalls → the firewall → Rules → Inbound → Add rule",
    "hcloud firewall add-rule FIREWALL --direction in --protocol {protocol} --port {port} --source-ips {source}",
    "FIREWALL: hcloud firewall list",
)
OTHER = Provider(
    "",
    {},
    "packet filter in front of the host",
    "the provider's console (firewall, security group or network of the machine)",
)
PROVIDERS = (ORACLE, TENCENT, ALIBABA, AWS, HETZNER)


def provider_of(firmware: Mapping[str, str]) -> Provider:
    """The cloud of a machine with these values (file of FIRMWARE → its text); OTHER if it is none of the table's."""
    for provider in PROVIDERS:
        for file, begin in provider.marks.items():
            if firmware.get(file, "").startswith(begin):
                return provider
    return OTHER


# A company's proxy in front of a name, by the addresses that it publishes (docs/door.md has the source and the date).
PROXIES: Mapping[str, tuple[str, ...]] = {
    "Cloudflare": (
        *(
            "173.245.48.0/20",
            "103.21.244.0/22",
            "103.22.200.0/22",
            "103.31.4.0/22",
            "141.101.64.0/18",
            "108.162.192.0/18",
        ),
        *(
            "190.93.240.0/20",
            "188.114.96.0/20",
            "197.234.240.0/22",
            "198.41.128.0/17",
            "162.158.0.0/15",
            "104.16.0.0/13",
        ),
        *("104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22", "2400:cb00::/32", "2606:4700::/32", "2803:f800::/32"),
        *("2405:b500::/32", "2405:8100::/32", "2a06:98c0::/29", "2c0f:f248::/32"),
    ),
}


def proxy_of(address: str) -> str:
    """Whose proxy has that address (IPv4 or IPv6); empty if none of PROXIES."""
    at = ip_address(address)
    for name, ranges in PROXIES.items():
        if any(at in ip_network(one) for one in ranges):
            return name
    return ""
