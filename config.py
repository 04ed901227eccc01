"""How pyinfra runs here: a wrong inventory stops before any host is contacted, a failed host stops the run.

ISTHMUS_BUNDLE=0 in the environment asks each host every question by itself, as plain pyinfra does.
"""

import os

from pyinfra import config

from answers.hooks import keep_answers
from operations.sessions import wait_for_sessions
from phases.connecting import go_on_without_the_unreachable
from phases.declared import check_at_the_door

config.FAIL_PERCENT = 0
check_at_the_door()
wait_for_sessions()
go_on_without_the_unreachable()
if os.environ.get("ISTHMUS_BUNDLE") != "0":
    keep_answers()
