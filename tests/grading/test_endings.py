"""Children that exit, crash, hang or lie."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import cast

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import CodeGone
from pytest_overnight.grading import CodeTimeout
from pytest_overnight.grading import CodeTooBig
from pytest_overnight.grading import JudgeError
from pytest_overnight.grading import ProtocolError
from pytest_overnight.grading.bench import Bench
from pytest_overnight.grading.names import Names
from pytest_overnight.grading.remote import Code
from pytest_overnight.sandbox.box import BoxChild
from tests.grading.conftest import Answer

BAD = """
import ctypes, os, signal, sys, threading, time
def leave(): sys.exit(0)
def interrupt(): raise KeyboardInterrupt
def vanish(): os._exit(0)
def shoot(): os.kill(os.getpid(), signal.SIGKILL)
def crash(): ctypes.string_at(0)
def deep(): return deep()
def nest(n=0):
    class A: pass
    a = A()
    for _ in range(10 ** 6):
        b = A(); b.a = a; a = b
    import pickle; pickle.loads(b"(" * 10 ** 7)
def hang():
    while True: pass
def sleep():
    for s in range(1, 60):
        try: signal.signal(s, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: time.sleep(60)
def orphan():
    if os.fork():
        os._exit(0)
    time.sleep(60)
def later():
    threading.Timer(0.05, os._exit, [0]).start()
    time.sleep(10)
    return 5
class Mean(Exception):
    def __str__(self): raise RuntimeError
class Long(Exception):
    def __str__(self): return "x" * 10 ** 6
def mean(): raise Mean
def long(): raise Long
class Sly(type):
    def mro(cls): return [*type.mro(cls)]
    def __getattribute__(cls, name): raise RuntimeError(name)
class SlyOne(metaclass=Sly): pass
def sly(): return SlyOne()
class Always(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
    @property
    def __class__(self): return list
def always(): return [Always(3), Always(4)]
def close():
    for fd in range(3, 20):
        try: os.close(fd)
        except OSError: pass
    return 5
def patch():
    import builtins
    for name in ("isinstance", "len", "type", "getattr", "hasattr", "str", "list"):
        setattr(builtins, name, lambda *a: 1 / 0)
    return [1, {"a": (2,)}]
def five(): return 5
def fds(): return len(os.listdir("/proc/self/fd"))
"""


@pytest.mark.parametrize(
    "how", ["vanish", "shoot", "crash", "orphan", "later", "close"]
)
def test_a_child_that_ends_is_gone(answer: Answer, how: str) -> None:
    code = answer(BAD)
    with pytest.raises(CodeGone):
        code.call(f"work:{how}")
    assert not code.alive
    with pytest.raises(CodeGone):
        code.call("work:five")


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("leave", "SystemExit"),
        ("interrupt", "KeyboardInterrupt"),
        ("deep", "RecursionError"),
        ("mean", "Mean"),
        ("long", "Long"),
    ],
)
def test_what_agent_code_raises_is_an_error(
    answer: Answer, how: str, kind: str
) -> None:
    code = answer(BAD)
    with code.raises(kind) as caught:
        code.call(f"work:{how}")
    assert len(caught.error.message) <= 4000
    assert code.call("work:five") == 5


@pytest.mark.parametrize("how", ["sleep", "hang"])
def test_a_hang_ends_with_the_tests_time(answer: Answer, how: str) -> None:
    code = answer(BAD, seconds=0.5)
    with pytest.raises(CodeTimeout):
        code.call(f"work:{how}")


def test_a_loop_ends_with_the_childs_cpu_limit(answer: Answer) -> None:
    code = answer(BAD)
    code.limit(cpu_seconds=1)
    with pytest.raises(CodeGone, match="limit"):
        code.call("work:hang")


def test_a_hang_at_import(answer: Answer) -> None:
    code = answer("while True: pass", seconds=0.5)
    with pytest.raises(CodeTimeout):
        code.load("work")


def test_tricks_with_types_gain_nothing(answer: Answer) -> None:
    code = answer(BAD)
    assert code.call("work:always") != [3, 5]
    assert [type(x) for x in code.call("work:always")] == [int, int]
    with pytest.raises((TypeError, CodeError)):
        assert code.call("work:sly") == 3
    assert code.call("work:patch") == [1, {"a": (2,)}]
    assert code.call("work:five") == 5


def test_the_test_is_nowhere_in_the_childs_memory(answer: Answer) -> None:
    code = answer(
        """
import re
def search(parts):
    wanted = "".join(reversed(parts)).encode()
    found = 0
    for line in open("/proc/self/maps"):
        low, high = (int(x, 16) for x in line.split()[0].split("-"))
        if " rw" not in line or "[v" in line: continue
        with open("/proc/self/mem", "rb", 0) as memory:
            memory.seek(low)
            try: found += memory.read(high - low).count(wanted)
            except OSError: pass
    return found
"""
    )
    marker = "expected-" + "value-of-this-test"
    # What the child builds to search for is there; nothing more is.
    assert marker
    assert code.call("work:search", ["value-of-this-test", "expected-"]) <= 3


def test_nothing_is_left_behind(answer: Answer, bench: Bench) -> None:
    def state() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    def one() -> None:
        code = Code(bench, time.monotonic() + 10)
        code.call("work:five")
        with code.crew() as crew:
            crew.start(code.call, "work:five")
        code.finish()

    answer(BAD)
    one()
    before = state()
    for _ in range(30):
        one()
    assert state() == before


def test_children_do_not_see_each_other(answer: Answer, bench: Bench) -> None:
    source = """
import builtins, os
def mark(): builtins.mark = 1; os.environ["MARK"] = "1"
def seen(): return hasattr(builtins, "mark"), "MARK" in os.environ
"""
    code = answer(source)
    code.call("work:mark")
    assert code.call("work:seen") == (True, True)
    assert code.spawn().call("work:seen") == (False, False)
    bench.begin_test()
    with code.spawn().raises("ModuleNotFoundError"):
        code.spawn().call("work:seen")


# -- a child that breaks the protocol: a socket and a thread in place of the box -------


class FakeBench:
    """Hands out one child that answers every question with ``reply(question)``."""

    workspace = "/nowhere"
    used = False

    def __init__(self, reply: Callable[[bytes], bytes], first: bytes) -> None:
        self._reply, self._first = reply, first
        self.names = Names()
        self.process = subprocess.Popen(["sleep", "60"])

    def spawn(self, program: str, **arguments: Any) -> BoxChild:
        import socket

        ours, theirs = socket.socketpair()

        def play() -> None:
            _, fds, _, _ = socket.recv_fds(theirs, 1, 1)
            theirs.sendall(self._first)
            while question := theirs.recv(1 << 20):
                reply = self._reply(question[4:])
                theirs.sendall(reply)
                if not reply:
                    break
            theirs.close()
            for fd in fds:
                os.close(fd)

        threading.Thread(target=play, daemon=True).start()
        return BoxChild(ours, self.process.pid)


def frame(text: str | bytes) -> bytes:
    body = text.encode() if isinstance(text, str) else text
    return len(body).to_bytes(4, "little") + body


def nonce(question: bytes) -> bytes:
    return question.split(b",")[1]


@pytest.fixture
def liar() -> Iterator[Callable[..., Code]]:
    made: list[FakeBench] = []

    def make(
        reply: Callable[[bytes], bytes], first: bytes = frame('["ready"]')
    ) -> Code:
        made.append(FakeBench(reply, first))
        return Code(cast("Bench", made[-1]), time.monotonic() + 0.5)

    yield make
    for bench in made:
        bench.process.kill()
        bench.process.wait()


LIES: dict[str, Callable[[bytes], bytes]] = {
    "guessed nonce": lambda q: frame('["ret",12345,5]'),
    "no nonce": lambda q: frame('["ret",5]'),
    "nonce as text": lambda q: frame(b'["ret","' + nonce(q) + b'",5]'),
    "two frames": lambda q: frame(b'["ret",' + nonce(q) + b",5]") * 2,
    "half a frame": lambda q: frame(b'["ret",' + nonce(q) + b",5]")[:-2],
    "length 0": lambda q: frame(""),
    "not JSON": lambda q: frame("nonsense"),
    "not UTF-8": lambda q: frame(b'["\xff\xfe"]'),
    "not a list": lambda q: frame('{"ret": 5}'),
    "empty list": lambda q: frame("[]"),
    "unknown verb": lambda q: frame(b'["win",' + nonce(q) + b",5]"),
    "verb of a wrong type": lambda q: frame(b"[[]," + nonce(q) + b",5]"),
    "unknown tag": lambda q: frame(b'["ret",' + nonce(q) + b',{"$":"x","v":1}]'),
    "deep": lambda q: frame(b'["ret",' + nonce(q) + b"," + b"[" * 100_000),
    "object never sent": lambda q: frame('["ask",5,"call",[],{}]'),
    "object of a wrong type": lambda q: frame('["ask",[],"call",[],{}]'),
    "handle with a list": lambda q: frame(
        b'["ret",' + nonce(q) + b',{"$":"r","v":[[],"x"]}]'
    ),
    "judge's object never sent": lambda q: frame(
        b'["ret",' + nonce(q) + b',{"$":"j","v":5}]'
    ),
    "fault without a fault": lambda q: frame(b'["flt",' + nonce(q) + b"]"),
    "error of lists": lambda q: frame(b'["err",' + nonce(q) + b",[],[],[],[],[]]"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_failed_test(liar: Callable[..., Code], lie: str) -> None:
    code = liar(LIES[lie])
    with pytest.raises((ProtocolError, CodeTimeout)):
        code.call("work:f")
    with pytest.raises((ProtocolError, CodeGone)):
        code.call("work:f")
    code.finish()


def test_an_honest_socket_is_believed(liar: Callable[..., Code]) -> None:
    code = liar(lambda q: frame(b'["ret",' + nonce(q) + b",5]"))
    assert code.call("work:f") == 5
    code.finish()


def test_a_frame_that_claims_too_much_is_not_read(liar: Callable[..., Code]) -> None:
    code = liar(lambda q: (2**32 - 1).to_bytes(4, "little") + b"[" * 100)
    with pytest.raises((CodeTooBig, ProtocolError)):
        code.call("work:f")
    code.finish()


def test_silence_is_a_timeout(liar: Callable[..., Code]) -> None:
    code = liar(lambda q: frame("x")[:2] if q else b"")
    with pytest.raises((CodeTimeout, ProtocolError)):
        code.call("work:f")
    code.finish()


@pytest.mark.parametrize("first", [frame('["steady"]'), frame("x"), frame("") * 2])
def test_a_child_that_never_was_ready_is_our_fault(
    liar: Callable[..., Code], first: bytes
) -> None:
    code = liar(lambda q: b"", first)
    with pytest.raises(JudgeError):
        code.call("work:f")
