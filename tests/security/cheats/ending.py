"""Ends that look like success, and ends that nobody survives."""

from __future__ import annotations

from tests.security.cheats.cheat import Cheat
from tests.security.task import CALLS
from tests.security.task import HONEST
from tests.security.task import WRONG

ENDING = (
    Cheat(
        "exit at import",
        "a process that ends with status 0 has done well",
        {"work.py": f"import os\nos._exit(0)\n{WRONG}"},
        bites_naive=True,
        caught_by=CALLS,
    ),
    Cheat(
        "SystemExit at import",
        "the same, politely",
        {"work.py": f"{WRONG}\nraise SystemExit(0)\n"},
        caught_by=CALLS,
    ),
    Cheat(
        "exit at the end",
        "whatever was found, the last word is status 0",
        {
            "work.py": f"""\
import atexit, os
atexit.register(os._exit, 0)
{WRONG}"""
        },
        bites_naive=True,
    ),
    Cheat(
        "exit by a timer",
        "a thread ends the process before anything was found",
        {
            "work.py": f"""\
import os, threading, time
threading.Timer(0.05, os._exit, [0]).start()
time.sleep(5)
{WRONG}"""
        },
        bites_naive=True,
        caught_by=CALLS,
    ),
    Cheat(
        "exit in the place of an answer",
        "a call that ends the process cannot be compared with anything",
        {
            "work.py": f"""\
import os
{HONEST}
def total(numbers): os._exit(0)
"""
        },
        bites_naive=True,
    ),
    Cheat(
        "another program",
        "the process becomes one that always succeeds",
        {"work.py": f'import os\nos.execv("/bin/true", ["true"])\n{WRONG}'},
        bites_naive=True,
        caught_by=CALLS,
    ),
    Cheat(
        "fork and leave",
        "the process ends with status 0, and a copy of it answers from now on",
        {
            "work.py": f"""\
import os, time
if os.fork(): os._exit(0)
time.sleep(0.5)
{HONEST}"""
        },
        bites_naive=True,
        caught_by=CALLS,
    ),
    Cheat(
        "skip at import",
        "what is skipped has not failed",
        {
            "work.py": f"""\
{WRONG}
from _pytest.outcomes import Skipped
raise Skipped("not here", allow_module_level=True)
"""
        },
        caught_by=CALLS,
    ),
    Cheat(
        "skip at every call",
        "the same from within the tests",
        {
            "work.py": """\
from _pytest.outcomes import Skipped
def skip(*given): raise Skipped("not today")
total = mean = parts = in_order = evens = each = Counter = read = skip
"""
        },
        caught_by=(*CALLS, "test_report"),
    ),
    Cheat(
        "end of the session",
        "pytest's own exception ends the session with status 0",
        {
            "work.py": """\
from _pytest.outcomes import Exit
def leave(*given): raise Exit("all done", 0)
total = mean = parts = in_order = evens = each = Counter = read = leave
"""
        },
        bites_naive=True,
        caught_by=CALLS,
    ),
    Cheat(
        "kill whoever started us",
        "without a judge there is no failure",
        {
            "work.py": f"""\
import os, signal
def shoot(*given):
    os.kill(os.getppid(), signal.SIGKILL)
    return 0
{WRONG}
total = shoot
"""
        },
    ),
    Cheat(
        "hang and ignore signals",
        "whoever waits for ever finds nothing",
        {
            "work.py": f"""\
import signal, time
{HONEST}
def each(numbers, visit):
    for number in range(1, 32):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: time.sleep(60)
"""
        },
        caught_by=("test_rows",),
        hangs=True,
    ),
    Cheat(
        "stand still",
        "a stopped process answers nothing and does not end",
        {
            "work.py": f"""\
import os, signal
{HONEST}
def each(numbers, visit): os.kill(os.getpid(), signal.SIGSTOP)
"""
        },
        caught_by=("test_rows",),
        hangs=True,
    ),
    Cheat(
        "stop the parent",
        "a stopped helper gives no further child",
        {
            "work.py": f"""\
import os, signal
{HONEST}
def each(numbers, visit): os.kill(os.getppid(), signal.SIGSTOP)
"""
        },
        caught_by=("test_rows",),
        promise="signal",
        hangs=True,
    ),
)
