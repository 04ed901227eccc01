"""What apt reads and trusts, and what it would do."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from cluster.observed import apt, gpg
from facts.base import Fact, parse_errors_as_fact_errors


class SigningKeys(Fact[gpg.Keyring | None]):
    """The keys of the keyring file at `path`; an absent file has none, and so has one that nothing on the host can read; None = unknown."""

    def command(self, path: str) -> str:
        quoted = shlex.quote(path)
        return (
            f"echo keyring; test ! -e {quoted} || ! command -v gpg >/dev/null || "
            f"gpg --batch --show-keys --with-colons {quoted} 2>/dev/null"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> gpg.Keyring:
        return gpg.Keyring(gpg.parse_colons(output))


class Lists(Fact[apt.Lists | None]):
    """The entries of apt's lists, and the keyrings that files which name one of `domains` name; None = unknown."""

    def command(self, domains: Sequence[str]) -> str:
        return _LISTS.replace("DOMAINS", " ".join(f"-e {shlex.quote(domain)}" for domain in domains) or "-e /")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> apt.Lists:
        return apt.parse_lists(output)


class Trial(Fact[apt.Trial | None]):
    """What apt would do for those of the packages that are missing, tried in a folder that is removed again; None = unknown.

    Only the lists' signed heads are fetched; if no package is missing, nothing is tried.
    `distribution`: packages of the host's own lists; `others`: packages of other publishers; `relations`: the fields of their control files about others;
    `programs`: path → the packages that may hold it.
    """

    def command(
        self,
        distribution: Sequence[str],
        others: Sequence[str],
        relations: Mapping[str, Sequence[str]],
        programs: Mapping[str, Sequence[str]],
    ) -> str:
        said = " ".join(f"{name}) printf '%s\\n' {shlex.join(lines)};;" for name, lines in relations.items())
        paths = " ".join(path for path, names in programs.items() if set(names) & set(others))
        values = {
            "DISTRIBUTION": shlex.join(distribution),
            "OTHERS": shlex.join(others),
            "RELATIONS": said,
            "PATHS": paths,
        }
        text = _TRIAL
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        return text

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> apt.Trial:
        return apt.parse_trial(output)


_LISTS = r"""
echo lists; cd /etc/apt || exit 0
for f in sources.list sources.list.d/*.list sources.list.d/*.sources; do
  test -f "$f" || continue
  case "$f" in */isthmus-*) echo "ours /etc/apt/$f"; continue;; esac
  echo "list /etc/apt/$f"; sed 's/^/ /' "$f"
  grep -qiF DOMAINS "$f" || continue
  tr ' \t,=[]' '\n' < "$f" | grep '^/.' | sort -u | while read -r k; do
    if test -f "$k"; then echo "key $k $(head -c 65536 "$k" | base64 -w 0)"; fi; done
done
"""

# The configuration is the host's own (its proxy, too) without hooks, so that nothing outside of the folder is written.
_TRIAL = r"""
export LC_ALL=C
echo trial
there=" $(dpkg-query -W -f '${Package}:${db:Status-Status} ' @DISTRIBUTION@ @OTHERS@ 2>/dev/null)"
absent() { for p in "$@"; do case "$there" in *" $p:installed "*) ;; *) echo "$p";; esac; done; }
d=$(absent @DISTRIBUTION@) o=$(absent @OTHERS@)
test -n "$d$o" || exit 0
for p in $d $o; do echo "missing $p"; done
t=$(mktemp -d) || exit 1
trap 'rm -rf "$t"' EXIT
mkdir -p "$t/lists/partial" "$t/archives/partial" "$t/parts"
cp -a /var/lib/apt/lists/*Release* "$t/lists/" 2>/dev/null
for f in /etc/apt/sources.list.d/*; do case "$f" in */isthmus-*) ;; *) cp "$f" "$t/parts/" 2>/dev/null;; esac; done
{ apt-config dump | grep -E '^(Acquire|APT|Dir)::' | grep -vE '^APT::(Update|Periodic)::|".*".*"'
  apt-config dump Acquire::IndexTargets | sed -n 's/^\(Acquire::IndexTargets::deb[a-z-]*::[^:]*\)::MetaKey .*/\1::DefaultEnabled "false";/p'
  echo "Dir::Etc::Main \"/dev/null\"; Dir::Etc::Parts \"/dev/null\"; Dir::Etc::sourceparts \"$t/parts\"; Dir::Cache::archives \"$t/archives\";"
  echo "Dir::State::lists \"$t/lists\"; Dir::Cache::pkgcache \"\"; Dir::Cache::srcpkgcache \"\"; APT::Sandbox::User \"root\"; Acquire::Languages \"none\";"
  echo 'Acquire::Retries "0"; Acquire::http::Timeout "8"; Acquire::https::Timeout "8";'
} > "$t/update.conf"
APT_CONFIG="$t/update.conf" timeout 40 apt-get -q update < /dev/null 2>&1 | sed -n "s|$t/parts|/etc/apt/sources.list.d|g; \|$t|d; s/^E: /update E: /p" | cut -c 1-400
q='-o Debug::NoLocking=1 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache='
known=$(test -z "$d" || apt-cache $q --no-all-versions show $d 2>/dev/null | sed -n 's/^Package: //p')
for p in $o; do
  mkdir -p "$t/$p/DEBIAN"
  { printf 'Package: %s\nVersion: 9999\nArchitecture: all\nMaintainer: isthmus\n' "$p"; case "$p" in @RELATIONS@ esac; echo 'Description: trial'; } > "$t/$p/DEBIAN/control"
  dpkg-deb -b "$t/$p" "$t/$p.deb" > /dev/null
done
set -- $known; for p in $o; do set -- "$@" "$t/$p.deb"; done
test $# = 0 || timeout 60 apt-get -s -q $q install --no-install-recommends "$@" < /dev/null 2>&1 | sed -n 's/^Remv \([^ ]*\).*/remove \1/p; s/^E: /apt E: /p' | cut -c 1-400
for f in @PATHS@; do test -e "$f" || continue
  echo "holds $f $(dpkg -S "$f" "${f#/usr}" 2>/dev/null | sed -n 's/^\([^ :]*\)[:,].*/\1/p' | head -n 1)"; done
"""
