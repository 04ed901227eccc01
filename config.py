"""How pyinfra runs here: a wrong inventory stops before any host is contacted, a failed host stops the run.

ISTHMUS_BUNDLE=0 in the environment asks each host every question by itself, as plain pyinfra does.
"""

import os
import sys

from pyinfra import config

from engine.confirm import ask_before_destroying
from engine.connect import go_on_without_the_unreachable
from engine.fact_cache.install import keep_answers
from engine.inventory import check_at_the_door
from engine.order import order_by_line_numbers
from engine.sessions import wait_for_sessions

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
