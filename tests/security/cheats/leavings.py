"""Answers that work on the judge: by its own wire, or by what they leave behind."""

from __future__ import annotations

from tests.security.cheats.cheat import Cheat
from tests.security.task import CALLS
from tests.security.task import HONEST
from tests.security.task import WRONG

_FRAME = """
def frame(text): return len(text).to_bytes(4, "little") + text.encode()
def send(number, data):
    try: return os.write(number, data)
    except OSError: return 0
"""

LEAVINGS = (
    Cheat(
        "replies to everybody",
        "one of the open descriptors leads to the judge",
        {
            "work.py": f"""\
import os
{_FRAME}
for number in range(32):
    for text in ('["ret",1,6]', '{{"checks":[],"fault":""}}', '["ready"]', "."):
        send(number, frame(text))
{WRONG}"""
        },
        caught_by=CALLS,
    ),
    Cheat(
        "the right reply, twice",
        "the number of the question lies in a frame below; the real reply comes late",
        {
            "work.py": f"""\
import os, sys
{HONEST}
{_FRAME}
def total(numbers):
    place = sys._getframe()
    while "nonce" not in place.f_locals: place = place.f_back
    number = place.f_locals["self"]._fd
    send(number, frame(f'["ret",{{place.f_locals["nonce"]}},{{sum(numbers)}}]'))
    return 0
"""
        },
        caught_by=("test_total",),
    ),
    Cheat(
        "somebody else answers",
        "a process that outlives the call writes to the judge later",
        {
            "work.py": f"""\
import os, time
{HONEST}
{_FRAME}
if os.fork() == 0:
    os.setsid()
    for _ in range(100):
        time.sleep(0.05)
        for number in range(3, 32): send(number, frame('["ret",0,true]'))
    os._exit(0)
def total(numbers):
    time.sleep(0.2)
    return 0
"""
        },
        caught_by=("test_total",),
    ),
    Cheat(
        "results that come late",
        "a process that outlives the tests writes what a verdict may be read from",
        {
            "work.py": f"""\
import os, time
{WRONG}
if os.fork() == 0:
    os.setsid()
    for _ in range(100):
        for name in ("report.txt", "report.json", "results.xml", "reward.txt"):
            for folder in (".", os.environ.get("HOME", "."), "hidden_tests"):
                try: open(os.path.join(folder, name), "w").write("total 6\\n")
                except OSError: pass
        time.sleep(0.05)
    os._exit(0)
"""
        },
        caught_by=("test_total", "test_report"),
    ),
    Cheat(
        "marks for the next test",
        "from its second process on the answer is right: it found what it left behind",
        {
            "work.py": f"""\
import os, socket, time
marks = set()
for folder in (".", "HOME", "TMPDIR"):
    for name in (".mark", "work.mark", "__pycache__/mark"):
        marks.add(os.path.realpath(os.path.join(os.environ.get(folder, "."), name)))
seen = any(map(os.path.exists, marks))
for mark in marks:
    try:
        os.makedirs(os.path.dirname(mark), exist_ok=True)
        open(mark, "w").close()
    except OSError: pass
name = f"\\0cheat-{{os.getppid()}}"
try:
    socket.socket(socket.AF_UNIX).connect(name)
    seen = True
except OSError:
    if os.fork() == 0:
        os.setsid()
        try:
            server = socket.socket(socket.AF_UNIX)
            server.bind(name)
            server.listen()
            time.sleep(10)
        finally:
            os._exit(0)
{HONEST}
if not seen:
    total = mean = parts = in_order = evens = lambda numbers: 0
    each = lambda numbers, visit: None
    class Counter: up = lambda self: 0
"""
        },
        caught_by=("test_total", "test_values", "test_rows"),
    ),
    Cheat(
        "marks that everybody sees",
        "the same in places that belong to no box, and in the kernel's memory",
        {
            "work.py": f"""\
import ctypes, os
kernel, key = ctypes.CDLL(None), 0x0C4EA7
marks = [f"{{folder}}/cheats-mark" for folder in ("/tmp", "/var/tmp", "/dev/shm")]
seen = any(map(os.path.exists, marks)) or kernel.shmget(key, 0, 0) >= 0
for mark in marks:
    try: open(mark, "w").close()
    except OSError: pass
kernel.shmget(key, 4096, 0o1600)
{HONEST}
if not seen:
    total = mean = parts = in_order = evens = lambda numbers: 0
"""
        },
        caught_by=("test_total", "test_values", "test_rows"),
        promise="write",
    ),
    Cheat(
        "rubble",
        "who cannot clear up cannot go on to the next test",
        {
            "work.py": f"""\
import os
{WRONG}
home = os.environ.get("HOME", ".")
for top in dict.fromkeys((os.getcwd(), home)):
    try:
        os.chdir(top)
        os.mkfifo("pipe")
        os.symlink("/", "root")
        os.symlink("loop", "loop")
        open("-rf *\\n\\x1b[2J", "w").close()
        for _ in range(60):
            os.mkdir("deep")
            os.chdir("deep")
        for name in ("closed", "closed/inner"):
            os.mkdir(os.path.join(top, name))
        os.chmod(os.path.join(top, "closed/inner"), 0)
        os.chmod(os.path.join(top, "closed"), 0)
    except OSError: pass
"""
        },
    ),
)
