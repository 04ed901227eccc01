"""How pyinfra runs here: a wrong inventory stops before any host is contacted, a failed host stops the run."""

from pyinfra import config

from operations.sessions import wait_for_sessions
from phases.confirming import ask_before_destroying
from phases.connecting import go_on_without_the_unreachable
from phases.declared import check_at_the_door

config.FAIL_PERCENT = 0
check_at_the_door()
wait_for_sessions()
go_on_without_the_unreachable()
ask_before_destroying()
