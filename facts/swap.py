"""Swap of a host: what is in use, and what a boot would turn on."""

from __future__ import annotations

from cluster.observed import swap
from facts.base import Fact

# The drop-in of a service that turns swap on, in the folder of that service.
DROP_IN = "isthmus-swap.conf"


class Swap(Fact[dict[str, list[str]] | None]):
    """Swap in use (`active`: paths), and what would turn swap on at a boot: lines of fstab (`fstab`) and enabled services (`services`).

    A service with our drop-in does not count. .swap units are not asked: one file of ours covers all of them.
    """

    def command(self) -> str:
        return _SWAP.replace("DROP_IN", DROP_IN)

    def process(self, output: list[str]) -> dict[str, list[str]]:
        return swap.parse_swap(output)


class DisabledSwap(Fact[list[str] | None]):
    """Lines of fstab that the deploy has switched off; None = unknown."""

    def command(self) -> str:
        return "echo lines; grep -s '^# off for Kubernetes (isthmus): ' /etc/fstab || true"

    def process(self, output: list[str]) -> list[str]:
        return output[1:]


# A service turns swap on if its unit or a script that it starts has the word swapon (zram-tools, dphys-swapfile, zram-config, Armbian's
# and the owner's own); swapspace is a binary.
_SWAP = r"""
tail -n +2 /proc/swaps | sed 's/^/active /'
awk '$1 !~ /^#/ && $3 == "swap" {print "fstab " $0}' /etc/fstab 2>/dev/null
set -- /dev/null
for d in /etc/systemd/system /run/systemd/generator.late /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
  for f in "$d"/*.service; do test ! -f "$f" || set -- "$@" "$f"; done
done
scripts=$(sed -nE 's/^Exec[A-Za-z]+=[-@:+!|]*(\/[^ ;]+).*/\1/p' "$@" | sort -u | xargs -r grep -lsIw swapon)
{
  grep -lE '^Exec.*swapon' "$@"
  test -z "$scripts" || echo "$scripts" | grep -lFf - "$@"
  printf '%s\n' "$@" | grep '/swapspace[.]service$'
} | sed 's|.*/||' | sort -u | while read -r s; do
  test ! -e "/etc/systemd/system/$s.d/DROP_IN" || continue
  case "$(systemctl is-enabled "$s" 2>/dev/null)" in "" | disabled | masked*) ;; *) echo "service $s";; esac
done
echo end
"""
