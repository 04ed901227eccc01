"""As whom commands run on a host, and by which way they come in."""

from __future__ import annotations

from cluster.observed import login
from facts.base import Fact, parse_errors_as_fact_errors


class Login(Fact[login.Login | None]):
    """The first question of every run; None = could not be read."""

    def command(self) -> str:
        # sudo takes SSH_CONNECTION away: the shell that sshd started still has it.
        return (
            'echo "uid $(id -u)"; p=$$; while test "${p:-0}" -gt 1; do '
            "c=$(tr '\\0' '\\n' < /proc/$p/environ 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p'); "
            'if test -n "$c"; then echo "from $c"; break; fi; '
            "p=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$p/status 2>/dev/null); done; true"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> login.Login:
        return login.parse_login(output)
