"""How pyinfra runs here: a wrong inventory stops before any host is contacted, a failed host stops the run.

ISTHMUS_BUNDLE=0 in the environment turns the fact cache off: each fact is fetched by itself, as in plain pyinfra.
"""

import os
import sys

from pyinfra import config, logger

from engine import pyinfra_internals
from engine.confirm import end_unanswered_prompts
from engine.connector import dispatcher_of_this_run
from engine.ending import end_in_own_words
from engine.inventory import refuse_malformed_data
from engine.terminal import echo_clean

config.FAIL_PERCENT = 0
# pyinfra turns it off, which is right for deploy files; compiling our modules in every run took 0.3 s.
sys.dont_write_bytecode = False
end_in_own_words(logger)
echo_clean()
refuse_malformed_data()
end_unanswered_prompts()
pyinfra_internals.replace_all(dispatcher_of_this_run() if os.environ.get("ISTHMUS_BUNDLE") != "0" else None)
