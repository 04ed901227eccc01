"""How pyinfra runs here: a wrong inventory stops before any host is contacted, a failed host stops the run.

ISTHMUS_BUNDLE=0 in the environment asks each host every question by itself, as plain pyinfra does.
"""

import os
import sys

from pyinfra import config

from answers.hooks import keep_answers
from operations.order import order_by_line_numbers
from operations.sessions import wait_for_sessions
from phases.confirming import ask_before_destroying
from phases.connecting import go_on_without_the_unreachable
from phases.declared import check_at_the_door

config.FAIL_PERCENT = 0
# pyinfra turns it off, which is right for deploy files; compiling our modules in every run took 0.3 s.
sys.dont_write_bytecode = False
check_at_the_door()
wait_for_sessions()
order_by_line_numbers()
go_on_without_the_unreachable()
ask_before_destroying()
if os.environ.get("ISTHMUS_BUNDLE") != "0":
    keep_answers()
