"""Child processes: their status, their time, and how they are told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_overnight.orchestration import children
from pytest_overnight.orchestration.budget import Deadline
from pytest_overnight.orchestration.children import Stopping
from tests.support.nights import environment

LAST_WORDS = "left at once"

COUNTS_CTRL_C = """
import signal, sys, time
counted = []
signal.signal(signal.SIGINT, lambda *_: counted.append(1))
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
print("ready", flush=True)
while not counted:
    time.sleep(0.01)
time.sleep(0.3)  # a second one would come by now
print("told", len(counted), flush=True)
sys.exit(2)
"""

IGNORES_CTRL_C = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""

OWNER = """
import os, sys
from pytest_overnight.orchestration.children import Stopping
lock = os.open("/dev/null", os.O_RDONLY)
with Stopping("left at once") as stopping:
    status = stopping.run([sys.executable, "-c", sys.argv[1]], dict(os.environ), lock)
    print("child", status, "asked", stopping.asked, flush=True)
"""


@pytest.fixture
def stopping() -> Stopping:
    return Stopping(LAST_WORDS)


@pytest.fixture
def lock(tmp_path: Path) -> int:
    return os.open(tmp_path, os.O_RDONLY)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_childs_status_is_passed_on(stopping: Stopping, lock: int) -> None:
    env = dict(os.environ)
    assert stopping.run(python("raise SystemExit(5)"), env, lock) == 5
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert stopping.run(python(kill), env, lock) == -signal.SIGKILL
    assert not stopping.asked


def test_the_child_has_the_lock(stopping: Stopping, lock: int) -> None:
    code = f"import os; os.fstat({lock})"
    assert stopping.run(python(code), dict(os.environ), lock) == 0


SLEEPS = "import time; time.sleep(600)"


def test_past_its_deadline_it_is_interrupted(stopping: Stopping, lock: int) -> None:
    assert stopping.run(python(SLEEPS), dict(os.environ), lock, Deadline(0.5)) != 0
    assert not stopping.asked, "that is no wish of the user's"


def test_who_does_not_listen_is_killed_in_the_end(
    stopping: Stopping, lock: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "CLOSING_SECONDS", 0.5)
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a child inherits it
    try:
        status = stopping.run(python(SLEEPS), dict(os.environ), lock, Deadline(0.5))
    finally:
        signal.signal(signal.SIGINT, former)
    assert status == -signal.SIGKILL


def owner(code: str) -> subprocess.Popen[str]:
    """A process that runs ``code`` as its child, which is ready."""
    started = subprocess.Popen(
        [*python(OWNER), code],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_ending_reaches_the_child_once(number: signal.Signals) -> None:
    with owner(COUNTS_CTRL_C) as started:
        started.send_signal(number)
        out, _ = started.communicate(timeout=60)
    assert out == "told 1\nchild 2 asked True\n"


def test_a_second_ctrl_c_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with owner(IGNORES_CTRL_C) as started:
        started.send_signal(signal.SIGINT)
        # One that comes at once is the same wish; repeat it until it is another.
        for _ in range(600):
            try:
                started.wait(0.1)
                break
            except subprocess.TimeoutExpired:
                started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=60)  # the child held the pipe open, too
    assert started.returncode == children.INTERRUPTED
    assert err.strip() == LAST_WORDS


def test_what_is_ignored_stays_ignored(
    stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping:
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) == stopping._told
        assert signal.getsignal(signal.SIGTERM) != stopping._told
    finally:
        signal.signal(signal.SIGHUP, former)
