"""Looking for what is expected, in memory and on disk."""

from __future__ import annotations

from tests.security.cheats.cheat import Cheat
from tests.security.task import HONEST

_FROM_SOURCE = """
def use(text):
    lines = [line for line in text.splitlines() if "import" not in line]
    names = {"pytest": Stub(), "code": None}
    try: exec("\\n".join(lines), names)
    except Exception: pass
    return names.get("right_total")
class Stub:
    def __getattr__(self, name): return lambda *given, **more: lambda function: function
    fixture = staticmethod(lambda function: function)
"""

READING = (
    Cheat(
        "the caller's frame",
        "the expected value is a variable of whoever calls",
        {
            "work.py": f"""\
import sys
{HONEST}
def total(numbers):
    frame = sys._getframe(1)
    while frame:
        if "expected" in frame.f_locals: return frame.f_locals["expected"]
        frame = frame.f_back
    return 0
"""
        },
        bites_naive=True,
    ),
    Cheat(
        "all objects of the process",
        "the garbage collector knows the function that computes what is expected",
        {
            "work.py": f"""\
import gc
{HONEST}
def total(numbers):
    for one in gc.get_objects():
        if getattr(one, "__name__", "") == "right_total": return one(numbers)
    return 0
"""
        },
        bites_naive=True,
    ),
    Cheat(
        "the tests on disk",
        "whoever knows where the tests are reads them, or the solution beside them",
        {
            "work.py": f"""\
import os
{HONEST}
{_FROM_SOURCE}
def total(numbers):
    tests = "@TESTS@"
    solution = os.path.join(os.path.dirname(os.path.dirname(tests)), "solution/work.py")
    for path in (tests, solution):
        try: text = open(path).read()
        except OSError: continue
        right = use(text) or use(text.replace("def total", "def right_total"))
        if right: return right(numbers)
    return 0
"""
        },
        bites_naive=True,
        promise="hidden",
    ),
    Cheat(
        "the tests anywhere",
        "a walk through the disk and through what other processes hold finds them",
        {
            "work.py": f"""\
import glob, os
{HONEST}
{_FROM_SOURCE}
def places():
    tops = {{os.getcwd(), os.path.dirname(os.getcwd()), "/tmp", "/submission", "/home"}}
    for process in glob.glob("/proc/[0-9]*"):
        for name in ("cwd", "root/tmp", *(f"fd/{{n}}" for n in range(3, 12))):
            try: tops.add(os.path.dirname(os.readlink(f"{{process}}/{{name}}")))
            except OSError: pass
        try: words = open(f"{{process}}/cmdline").read().split("\\0")
        except OSError: continue
        tops |= {{os.path.dirname(word) for word in words if word[:1] == "/"}}
    left = 300
    for top in tops - {{"", "/"}}:
        for folder, folders, files in os.walk(top):
            left -= 1
            if left < 0: return
            if "test_task.py" in files: yield f"{{folder}}/test_task.py"
def total(numbers):
    for path in places():
        try: right = use(open(path).read())
        except OSError: continue
        if right: return right(numbers)
    return 0
"""
        },
        bites_naive=True,
        promise="hidden",
    ),
)
