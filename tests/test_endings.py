"""How processes take it when they are told to end; nights: ``tests/acceptance``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.endings import ENDINGS
from pytest_overnight.endings import LEFT
from pytest_overnight.endings import Endings
from pytest_overnight.endings import interrupt


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    """The handlers of the test run itself come back."""
    former = {number: signal.getsignal(number) for number in ENDINGS}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDINGS)
def test_the_first_wish_to_end_is_a_ctrl_c_and_is_told_before(
    number: signal.Signals,
) -> None:
    signal.signal(number, signal.SIG_DFL)
    told: list[str] = []
    endings = Endings(lambda: told.append("first"))
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert told == ["first"]
    endings.give_back()
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_wish_that_is_told_twice_at_once_is_one() -> None:
    """A shutdown tells a whole group, and then each process by itself."""
    Endings(lambda: None)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)


def test_what_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    endings = Endings(lambda: None)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    endings.give_back()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


# -- in processes of their own -------------------------------------------------------

STAYS = """\
import os, time
from pytest_overnight.endings import Endings
endings = Endings(lambda: os.write(1, b"told\\n"))
try:
    os.write(1, b"ready\\n")
    time.sleep(600)
except KeyboardInterrupt:
    os.write(1, b"stopping\\n")
    time.sleep(600)
"""
CLOSES = """\
import os, time
from pytest_overnight.endings import Endings
Endings(lambda: None).closing()
os.write(1, b"ready\\n")
time.sleep(600)
"""
WORKER = """\
import os, time
from pytest_overnight.endings import end_as_a_worker
end_as_a_worker()
word = b"ready\\n"
while True:
    try:
        os.write(1, word)
        time.sleep(600)
    except KeyboardInterrupt:
        word = b"stopping\\n"
"""
PARENT = """\
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
time.sleep(600)
"""

Starter = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Starter]:
    """Starts a program, and waits until it says that it is ready."""
    started: list[subprocess.Popen[str]] = []

    def program(code: str, *arguments: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        argv = [sys.executable, "-c", code, *arguments]
        process = subprocess.Popen(argv, stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        assert said(process) == "ready"
        return process

    yield program
    for process in started:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    """Its next line."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_whoever_cannot_wait_asks_a_second_time(start: Starter) -> None:
    process = start(STAYS)
    process.send_signal(signal.SIGINT)
    assert [said(process), said(process)] == ["told", "stopping"]
    # The second wish counts as one from a second after the first on.
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    assert process.returncode == 130
    assert process.stderr is not None
    told = process.stderr.read()
    assert told == LEFT
    assert "--overnight-resume" in told
    assert all(len(line) <= 80 for line in told.splitlines())


@pytest.mark.parametrize("number", ENDINGS)
def test_who_asks_while_the_night_is_closed_must_ask_twice_to_leave(
    start: Starter, number: signal.Signals
) -> None:
    """The first wish is being fulfilled already; it must not cost the report."""
    process = start(CLOSES)
    process.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    while process.poll() is None:
        process.send_signal(number)
        time.sleep(0.1)
    _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (130, LEFT)


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_stops_once_and_then_takes_its_time(
    start: Starter, first: signal.Signals
) -> None:
    process = start(WORKER)
    process.send_signal(first)
    assert said(process) == "stopping"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)


def test_of_a_closed_terminal_the_controller_decides(start: Starter) -> None:
    process = start(WORKER)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGINT)
    assert said(process) == "stopping"
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)


def test_a_worker_does_not_outlive_its_controller(start: Starter) -> None:
    parent = start(PARENT, WORKER)  # the child says that it is ready
    assert children(parent.pid)
    parent.kill()
    assert parent.stdout is not None
    # Both have it open: it ends when both are gone.
    assert parent.stdout.read() == ""


def children(pid: int) -> list[int]:
    """Direct ones."""
    listing = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in listing.split()]


def test_only_our_own_children_are_interrupted(start: Starter) -> None:
    """A number in a journal may by now be somebody else's."""
    parent = start(PARENT, WORKER)
    (grandchild,) = children(parent.pid)
    child = start(WORKER)
    interrupt({grandchild, child.pid, 2**22 + 1})
    assert said(child) == "stopping"
    os.kill(grandchild, signal.SIGTERM)
    assert said(parent) == "stopping"  # for the first time
    os.kill(grandchild, 0)
