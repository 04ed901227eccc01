"""How a host appears from outside, and the two programs that try its ports: one sends, the other one looks what arrives.

Both programs are Perl: perl-base is Essential on Debian and Ubuntu, so nothing needs to be installed for them.
They are no facts: what they find holds for that moment only, and a later run must not ask for it again by itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from cluster.observed import door
from cluster.providers import FIRMWARE
from facts.base import Fact, parse_errors_as_fact_errors

# How often an attempt is repeated, and how many first packets of TCP from one address count as ours: a stranger sends one or two.
EVERY_S, OURS = 0.25, 4


FIRMWARE_SCRIPT = f'for f in {" ".join(FIRMWARE)}; do echo "dmi $f $(tr -dc "[:print:]" 2>/dev/null < /sys/class/dmi/id/$f)"; done 2>/dev/null'


class Outside(Fact[door.Outside | None]):
    """The host's firmware, its global IPv6 addresses, and where the name `target` leads there; None = could not be read."""

    def command(self, target: str) -> str:
        return (
            f"{FIRMWARE_SCRIPT}; "
            "ip -o -6 address show scope global 2>/dev/null | awk '{print \"address6 \" $4}'; "
            "for family in ahostsv4 ahostsv6; do "
            f"timeout 10 getent $family {shlex.quote(target)} | awk '{{print \"leads \" $1}}' | sort -u & done; wait"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> door.Outside:
        return door.parse_outside(output)


class HasIpv6(Fact[bool | None]):
    """Whether the kernel has IPv6, so that a program can listen on [::]; None = unknown."""

    def command(self) -> str:
        return "if test -e /proc/net/if_inet6; then echo yes; else echo no; fi"

    def process(self, output: list[str]) -> bool:
        return output[0].strip() == "yes"


def attempts_script(entries: Mapping[int, tuple[str, str, int, str, bool]], seconds: float) -> str:
    """Try ports for at most `seconds`; prints `NUMBER OUTCOME`.

    `entries`: number → protocol, address, port, UDP's payload in hex, and whether to go on sending after an answer.
    """
    listed = [",".join((str(number), *map(str, entry[:4]), str(int(entry[4])))) for number, entry in entries.items()]
    return _perl(_ATTEMPTS, seconds, listed)


def watch_script(entries: Mapping[int, tuple[str, int, str]], seconds: float) -> str:
    """Look for packets that arrive, in front of any packet filter, for at most `seconds`; prints `watching` and each NUMBER once.

    `entries`: number → protocol, port, and the bytes by which a UDP packet is ours, in hex.
    """
    listed = [",".join((str(number), *map(str, entry))) for number, entry in entries.items()]
    return _perl(_WATCH, seconds, listed)


def _perl(program: str, seconds: float, entries: Sequence[str]) -> str:
    return f"timeout 20 perl -e {shlex.quote(program)} {seconds} {' '.join(map(shlex.quote, entries))}\n"


_CLOCK = r"""
use strict; use Socket; use IO::Handle; use POSIX ();
my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());
sub now { return (POSIX::times())[0] / $ticks }
STDOUT->autoflush(1);
my ($seconds, @entries) = @ARGV;
my $end = now() + $seconds;
"""
# A TCP connection is begun again and again, so that the other side can count its first packets; the first error or success decides.
# Linux reports ICMP's "prohibited" as "no route to host", a closed port of UDP as "connection refused".
_ATTEMPTS = (
    _CLOCK
    + r"""
my (%reported, %udp, @tcp); my $next = 0;
my %goes_on = map { my @one = split /,/; ($one[0] => $one[5]) } @entries;
sub report_once { my ($n, $what) = @_; print "$n $what\n" unless $reported{$n}++; }
sub is_open { return !$reported{$_[0]} || $goes_on{$_[0]} }
sub outcome {
    my ($n, $code) = @_;
    return if $code == POSIX::EINPROGRESS() || $code == POSIX::EAGAIN() || $code == POSIX::EALREADY();
    my %word = (0 => "open", POSIX::ECONNREFUSED() => "refused", POSIX::ECONNRESET() => "refused", POSIX::EHOSTUNREACH() => "prohibited");
    report_once($n, exists $word{$code} ? $word{$code} : "unreachable") unless $code == POSIX::ETIMEDOUT();
}
sub begin {
    my ($n, $protocol, $address, $port, $payload) = @_;
    my $is_six = $address =~ /:/;
    my $to = $is_six ? pack_sockaddr_in6($port, Socket::inet_pton(AF_INET6, $address)) : pack_sockaddr_in($port, inet_aton($address));
    if (!$udp{$n}) {
        socket(my $s, $is_six ? AF_INET6 : AF_INET, $protocol eq "udp" ? SOCK_DGRAM : SOCK_STREAM, 0) or return report_once($n, "unreachable");
        $s->blocking(0);
        my $done = connect($s, $to);
        if ($protocol eq "tcp") { push @tcp, [$n, $s]; return outcome($n, $done ? 0 : $! + 0); }
        return outcome($n, $! + 0) unless $done;
        $udp{$n} = $s;
    }
    defined(send($udp{$n}, pack("H*", $payload), 0)) or outcome($n, $! + 0);
}
while ((grep { is_open($_) } keys %goes_on) && now() < $end) {
    if (now() >= $next) {
        $next = now() + EVERY_S;
        for (map { [split /,/] } @entries) { begin(@$_) if is_open($_->[0]) }
    }
    my ($read, $write) = ("", "");
    vec($read, fileno($udp{$_}), 1) = 1 for keys %udp;
    vec($write, fileno($_->[1]), 1) = 1 for @tcp;
    select($read, $write, undef, 0.05);
    for my $n (grep { vec($read, fileno($udp{$_}), 1) } keys %udp) {
        defined(recv($udp{$n}, my $answer, 2048, 0)) ? outcome($n, 0) : outcome($n, $! + 0);
    }
    outcome($_->[0], unpack("i", getsockopt($_->[1], SOL_SOCKET, SO_ERROR))) for grep { vec($write, fileno($_->[1]), 1) } @tcp;
    @tcp = grep { !vec($write, fileno($_->[1]), 1) } @tcp;
}
report_once((split /,/)[0], "silent") for @entries;
"""
).replace("EVERY_S", str(EVERY_S))
# A packet socket (family 17) for IPv4 (0x0800) gets each packet that arrives before the host's own filter sees it.
_WATCH = (
    _CLOCK
    + r"""
socket(my $s, 17, SOCK_DGRAM, unpack("S", pack("n", 0x0800))) or exit 0;
print "watching\n";
my (%reported, %begun);
while (keys %reported < @entries && now() < $end) {
    my $read = ""; vec($read, fileno($s), 1) = 1;
    next unless select($read, undef, undef, 0.1) > 0;
    defined(recv($s, my $packet, 512, 0)) or next;
    next if length($packet) < 24;
    my $at = 4 * (ord($packet) & 15);
    my $protocol = {6 => "tcp", 17 => "udp"}->{ord(substr($packet, 9, 1))} or next;
    next if unpack("n", substr($packet, 6, 2)) & 0x1fff || length($packet) < $at + 8;
    my ($from, $port) = (unpack("H*", substr($packet, 12, 4)), unpack("n", substr($packet, $at + 2, 2)));
    if ($protocol eq "tcp") {
        next if length($packet) < $at + 14 || (ord(substr($packet, $at + 13, 1)) & 0x12) != 2;
        next if ++$begun{"$from $port"} < OURS;
    }
    for (map { [split /,/] } @entries) {
        my ($n, $wanted, $number, $mark) = @$_;
        next if $wanted ne $protocol || $number != $port || $reported{$n};
        next if $protocol eq "udp" && index($packet, pack("H*", $mark)) < 0;
        $reported{$n} = 1; print "$n\n";
    }
}
"""
).replace("OURS", str(OURS))
