"""CPU time: whoever does the work, and however it is hidden, it is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pytest_overnight.grading.bench import Bench
from pytest_overnight.grading.bench import BoxKind
from pytest_overnight.grading.program import child_program
from pytest_overnight.grading.remote import Code
from pytest_overnight.sandbox.runtime import prepare_runtime
from tests.grading.conftest import write_tree
from tests.support.levels import LEVELS

BURNT = 0.4
"""CPU seconds that each way of working burns."""
WORK = """
import os, signal, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
    return 7
def in_child(seconds, prepare=lambda: None, detach=lambda: None):
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(out)
        detach()
        os.write(into, bytes([burn(seconds)]))
        os._exit(0)
    os.close(into)
    prepare()
    found = os.read(out, 1)[0]
    os.read(out, 1)  # its end: the worker is gone
    return found
def waited(seconds):
    found = in_child(seconds)
    os.wait()
    return found
def zombie(seconds):
    return in_child(seconds)
def daemon(seconds):
    def detach():
        os.setsid()
        if os.fork(): os._exit(0)
    return in_child(seconds, os.wait, detach)
def forgotten(seconds):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    return in_child(seconds)
def many(seconds):
    for _ in range(40):
        if os.fork() == 0: os._exit(0)
        os.wait()
    return 7
"""


@pytest.fixture(scope="module", params=LEVELS)
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """A box at each level, with the ways of working in it."""
    program = tmp_path_factory.mktemp("program") / "child.py"
    program.write_text(child_program(), encoding="utf-8")
    kind = BoxKind(request.param, prepare_runtime(), program, ())
    tree = write_tree(tmp_path_factory.mktemp("submission"), {"work.py": WORK})
    bench = Bench(kind, tree)
    yield bench
    bench.close()


@pytest.fixture
def code(bench: Bench) -> Iterator[Code]:
    bench.begin_test()
    code = Code(bench, time.monotonic() + 30.0)
    yield code
    code.finish()


@pytest.mark.parametrize("way", ["burn", "waited", "zombie", "daemon", "forgotten"])
def test_work_is_counted_whoever_does_it(code: Code, way: str) -> None:
    code.load("work")
    start = code.cpu()
    assert code.call(f"work:{way}", BURNT) == 7
    assert code.cpu() - start > BURNT * 0.8


def test_nothing_is_counted_twice(code: Code) -> None:
    code.load("work")
    start = code.cpu()
    assert code.call("work:many", 0) == 7
    assert code.cpu() - start < BURNT
    assert code.call("work:daemon", BURNT) == 7
    assert code.cpu() - start < 3 * BURNT


def test_what_was_used_before_is_not_counted(code: Code, bench: Bench) -> None:
    assert code.call("work:burn", BURNT) == 7
    other = Code(bench, time.monotonic() + 30.0)
    other.load("work")
    assert other.cpu() < BURNT
    assert code.cpu() > BURNT
    other.finish()
