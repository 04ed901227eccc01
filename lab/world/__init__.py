"""The simulated world: created from the declared cluster, and removed again.

The reference inventory's three sites and six hosts; another inventory makes another drawing:

            operator ──────────┐
     a namespace: ssh, pyinfra │        core: the internet
                               ├───────────────────────────────────────────────┐
                               │  routes to each public address, all else is   │
                               │  a blackhole; dnsmasq; the mirror, with one   │
                               │  address for each name that it serves         │
                               └──────┬────────────────┬────────────────┬──────┘
                                    wire             wire             wire        declared delay and loss
                                      │                │                │
                               router (cloud)   router (cloud)   router (home)
                               1:1 NAT, hairpin 1:1 NAT, hairpin masquerade, SSH port forwarded,
                               routed fabric    drops packets to drops unsolicited packets
                                │   │  │   │    blocked names      │
                                h1 h2  h3 h4       │ bridge        │ bridge
                                │   │  │   │       │               │
                                six hosts: LXC containers with Debian 11, 12, 13, or virtual machines

core    links to routers only (L3); each site has its own router, so LANs of different sites may overlap
wire    a bridge, or netem.py while the link has delay or loss
router  NAT, source checks, blocked names (rules.py)
host    an LXC container in its own network namespace, connected to its site's router; or a virtual machine, whose
        namespace is a switch between its network card and the same port

plan.py derives all of it as data; network.py, links.py, hosts.py, dns.py, acme.py and operator.py create it; lifecycle.py
calls them in order; state.py records what was made, so that it can be removed.
"""
