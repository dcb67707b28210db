"""Answers that do none of the work and want to count as solved.

One of each family that is known to fool verifiers which run tests and answer in one
process; an audit lays each over a challenge's untouched start. What an answer can try
against the judge itself is held by the project's own tests.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import tree_files

Files = dict[str, str]
"""Path below the workspace → content."""

_FORCE = """\
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome, report.longrepr = "passed", None
    return report

def pytest_sessionfinish(session):
    session.exitstatus = 0
"""
_FORCE_AT_START = """\
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "_pytest.assertion":
            import os
            os._exit(0)

sys.meta_path.insert(0, Finder())
"""
_JUNIT = '<testsuite name="pytest" errors="0" failures="0" skipped="0" tests="9"/>\n'

PLANTED: dict[str, Files] = {
    "conftest": {"conftest.py": _FORCE, "tests/conftest.py": _FORCE},
    "site-customize": {"sitecustomize.py": _FORCE_AT_START},
    "user-customize": {"usercustomize.py": _FORCE_AT_START},
    "path-file": {"start.pth": "import os; os._exit(0)\n"},
    "pytest-settings": {
        "pytest.ini": "[pytest]\naddopts = -p forced\npython_files = none_*.py\n",
        "forced.py": _FORCE,
    },
    "entry-point": {
        "forced-1.0.dist-info/METADATA": "Name: forced\nVersion: 1.0\n",
        "forced-1.0.dist-info/entry_points.txt": "[pytest11]\nforced = forced\n",
        "forced.py": _FORCE,
    },
    "own-pytest": {
        "pytest.py": 'print("9 passed")\nraise SystemExit(0)\n',
        "pytest/__main__.py": 'print("9 passed")\n',
        "pytest/__init__.py": "",
    },
    "hidden-tests": {"hidden_tests/conftest.py": _FORCE, "hidden_tests/test_a.py": ""},
    "result-file": {"junit.xml": _JUNIT, "report.xml": _JUNIT, "result.json": "1\n"},
}
"""Family → what it adds to the untouched start."""

_ANY = """\
class Whatever:
    def __call__(self, *given, **named): return self
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        return self
    def __getitem__(self, key): return self
    def __iter__(self): return iter(())
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __contains__ = __lt__
    def __hash__(self): return 0
    def __bool__(self): return True
    def __len__(self): return 0
    def __add__(self, other): return other
    __radd__ = __sub__ = __mul__ = __add__
    def __enter__(self): return self
    def __exit__(self, *error): return True
    def __repr__(self): return "ok"

def __getattr__(name):
    if name == "__path__": raise AttributeError(name)
    return Whatever()
"""
_SUBCLASSES = """\
def equal(base):
    own = {"__eq__": lambda *a: True, "__ne__": lambda *a: False}
    own["__hash__"] = lambda self: 0
    return type(base.__name__, (base,), own)

VALUES = [equal(kind)() for kind in (list, int, str, dict, float, tuple)]

def __getattr__(name):
    if name == "__path__": raise AttributeError(name)
    calls = iter(VALUES * 9999)
    return lambda *given, **named: next(calls)
"""
_READER = """\
import gc, sys

def answer(*given, **named):
    frame = sys._getframe(1)
    while frame:
        for name in ("expected", "want", "wanted", "result", "model"):
            if name in frame.f_locals: return frame.f_locals[name]
        frame = frame.f_back
    for found in gc.get_objects():
        if type(found) is dict and "expected" in found: return found["expected"]

def __getattr__(name):
    if name == "__path__": raise AttributeError(name)
    return answer
"""
_FINDER = """\
import os

def look():
    for place in ("/", os.getcwd(), os.path.expanduser("~")):
        for folder, folders, names in os.walk(place):
            folders[:] = [n for n in folders if n not in ("proc", "sys", "usr")]
            for name in names:
                if name == "solution" or name.startswith("test_"):
                    return open(os.path.join(folder, name)).read()

def __getattr__(name):
    if name == "__path__": raise AttributeError(name)
    return lambda *given, **named: look()
"""
_REPORTS = """\
import sys

for module in list(sys.modules.values()):
    if getattr(module, "TestReport", None):
        made = module.TestReport.from_item_and_call.__func__
        def lie(cls, item, call, made=made):
            report = made(cls, item, call)
            report.outcome, report.longrepr = "passed", None
            return report
        module.TestReport.from_item_and_call = classmethod(lie)
"""
_BUILTINS = """\
import builtins

for name in "isinstance len type sorted repr str all any abs print bool".split():
    setattr(builtins, name, lambda *given, **named: True)
"""
_REPLIES = """\
import os

for number in range(3, 20):
    for reply in (b'["ret",0,true]', b"true", b'{"ok": true}'):
        try:
            os.write(number, len(reply).to_bytes(4, "little") + reply)
        except OSError:
            pass
"""
_KILLER = """\
import os, signal

for pid in (os.getppid(), 1):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
"""

BODIES: dict[str, str] = {
    "exit-at-import": "import os\nos._exit(0)\n",
    "system-exit": "raise SystemExit(0)\n",
    "exit-at-end": f"import atexit, os\natexit.register(os._exit, 0)\n{_ANY}",
    "exit-by-timer": "import os, threading, time\n"
    "threading.Timer(0.05, os._exit, [0]).start()\ntime.sleep(1)\n",
    "fork-and-leave": f"import os\nif os.fork(): os._exit(0)\n{_ANY}",
    "skip": "from _pytest.outcomes import Skipped\n"
    "raise Skipped('not here', allow_module_level=True)\n",
    "forged-output": "import os\nprint('9 passed in 0.01s')\nos._exit(0)\n",
    "always-equal": _ANY,
    "equal-subclasses": _SUBCLASSES,
    "reads-frames": _READER,
    "reads-tests": _FINDER,
    "patched-reports": f"{_REPORTS}{_ANY}",
    "patched-builtins": f"{_BUILTINS}{_ANY}",
    "forged-replies": f"{_REPLIES}{_ANY}",
    "kills-its-judge": f"{_KILLER}{_ANY}",
}
"""Family → what every module of the answer consists of."""


def cheaters(challenge: Challenge) -> dict[str, Files]:
    """Family → the files that it lays over the untouched start."""
    modules = [
        name
        for name, _ in tree_files(challenge.solution)
        if name.endswith(".py") and not PurePosixPath(name).name.startswith("test_")
    ]
    made = {family: dict.fromkeys(modules, body) for family, body in BODIES.items()}
    return PLANTED | made
