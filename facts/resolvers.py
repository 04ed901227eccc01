"""Which name servers a host has, and what pods could get of them."""

from __future__ import annotations

from cluster.observed import resolvers
from facts.base import Fact, parse_errors_as_fact_errors


class Resolvers(Fact[resolvers.Resolvers | None]):
    """resolv.conf of the host and of systemd-resolved, with what is needed to judge them; None = could not be read.

    In a search domain with a wildcard record, every name that a pod asks for resolves below that domain first.
    """

    def command(self) -> str:
        return (
            f"for f in {resolvers.PLAIN} {resolvers.RESOLVED}; do if test -r $f; then echo \"file $f\"; sed 's/^/|/' $f; echo; fi; done; "
            "ip -o address show | awk '{print \"own \" $4}'; ss -Hlun 'sport = :53' 2>/dev/null | awk '{print \"port \" $4}'; "
            f"for d in $(awk '$1 == \"search\" || $1 == \"domain\" {{$1 = \"\"; print}}' {resolvers.PLAIN} 2>/dev/null | tr ' ' '\\n' | grep '[a-z]' | sort -u | head -n 6); do "
            '{ ! timeout 4 getent ahostsv4 "isthmus-$$-no-such-name.$d." > /dev/null || echo "wildcard $d"; } & done; wait; echo end'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> resolvers.Resolvers:
        return resolvers.parse_resolvers(output)
