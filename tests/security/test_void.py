"""Nobody gets a second try by breaking the first: a cheat's verdict is ``fail``.

A verification that ends in ``error`` makes a run void, and a void run is played again.
So whatever agent code can bring about while a hidden test runs must not look like a
fault of the judge's: each test here is a way of trying.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.rules.outcome import Verdict
from tests.security.judging import challenge
from tests.security.judging import put
from tests.support.levels import LEVELS

HIDDEN = {
    "second child": """
def test_it(code):
    assert code.call("work:one") == 1
    for _ in range(9):
        assert code.spawn().call("work:one") == 1
""",
    "clean child": """
def test_it(code, clean):
    assert code.call("work:one") == 1
    assert clean.call("json:loads", "[1]") == [1]
""",
    "context": """
def test_it(code):
    with code.entered(code.new("work:Context")):
        assert code.call("work:one") == 1
""",
    "crew": """
def test_it(code):
    assert code.call("work:one") == 1
    with code.crew() as crew:
        jobs = [crew.start(code.call, "work:two") for _ in range(3)]
    assert [job.result() for job in jobs] == [2, 2, 2]
""",
    "callback": """
def test_it(code):
    note = code.callback(lambda *given, **more: {"given": [*given], "more": more})
    assert code.call("work:use", note) == {"given": [1], "more": {}}
""",
    "two tests": """
def test_it(code):
    assert code.call("work:one") == 1

def test_more(code, shell):
    assert code.call("work:one") == 1
    assert shell.run("echo yes").out == b"yes\\n"
""",
}
HONEST = """
def one(): return 1
def two(): return 2
def use(f): return f(1)
class Context:
    def __enter__(self): return self
    def __exit__(self, *given): return None
"""

_SIBLINGS = """
import os, signal, time
first = True
def one():
    global first
    if first:
        first = False
        helper = os.getppid()
        if os.fork() == 0:
            try: hunt(helper, os.getpid(), time.monotonic() + 3)
            finally: os._exit(0)
    return 1
def hunt(helper, me, end):
    # Children that the helper forks from now on, and no other process.
    while time.monotonic() < end:
        for pid in range(me + 1, me + 12):
            try: fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
            except OSError: continue
            if int(fields[1]) == helper: os.kill(pid, NUMBER)
"""
WAYS = {
    "kill the second child": (
        "second child",
        _SIBLINGS.replace("NUMBER", "signal.SIGKILL"),
    ),
    "kill the clean child": (
        "clean child",
        _SIBLINGS.replace("NUMBER", "signal.SIGKILL"),
    ),
    "a bomb in a context": ("context", "def one(): return 'x' * (9 << 20)"),
    "no answer in a context": ("context", "import os\ndef one(): os._exit(0)"),
    "a forged reply in a context": (
        "context",
        """
import os, sys
def one():
    place = sys._getframe()
    while "nonce" not in place.f_locals: place = place.f_back
    os.write(place.f_locals["self"]._fd, b"\\x02\\0\\0\\0{}")
    return 1
""",
    ),
    "all channels taken": (
        "crew",
        """
import _socket, sys, time
def one():
    place = sys._getframe()
    while "nonce" not in place.f_locals: place = place.f_back
    control, keep = place.f_locals["self"]._line.control, []
    for _ in range(63):
        ours, theirs = _socket.socketpair()
        number = theirs.fileno().to_bytes(4, sys.byteorder)
        rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, number)]
        control.sendmsg([b"+"], rights)
        keep.append((ours, theirs))
    sys.keep = keep
    time.sleep(0.3)
    return 1
""",
    ),
    "nested to the brim": (
        "callback",
        """
def use(f):
    x = 1
    for depth in range(205):
        x = [x]
        try:
            if depth > 190: f(x)
        except Exception: pass
    return f(1)
""",
    ),
    "the folder closed": ("two tests", "import os\nos.chmod('.', 0)"),
    "the temporary folder closed": (
        "two tests",
        "import os\nos.chmod(os.environ.get('TMPDIR', '/tmp'), 0o500)",
    ),
}
"""What is tried → the hidden test that makes it possible, and the cheat."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Challenge]:
    folder = tmp_path_factory.mktemp("suite")
    return {name: challenge(folder, name, text) for name, text in HIDDEN.items()}


@pytest.fixture(scope="module", params=LEVELS)
def verifier(
    request: pytest.FixtureRequest,
    suite: dict[str, Challenge],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Verifier]:
    log = tmp_path_factory.mktemp("log") / "judge.log"
    verifier = Verifier(list(suite.values()), level=request.param, log=log)
    yield verifier
    verifier.close()


Judge = Callable[[str, str], Judgement]


@pytest.fixture
def judge(verifier: Verifier, suite: dict[str, Challenge], tmp_path: Path) -> Judge:
    def verify(name: str, cheat: str) -> Judgement:
        put(tmp_path / "tree", {"work.py": HONEST + cheat})
        return verifier.verify(suite[name], tmp_path / "tree", seed=1)

    return verify


@pytest.mark.parametrize(("name", "cheat"), WAYS.values(), ids=WAYS)
def test_the_verdict_is_not_error(judge: Judge, name: str, cheat: str) -> None:
    found = judge(name, cheat)
    assert found.verdict is not Verdict.ERROR, found
    assert found.checks, found


@pytest.mark.parametrize("name", HIDDEN)
def test_the_honest_answer_passes(judge: Judge, name: str) -> None:
    assert judge(name, "").verdict is Verdict.PASS
