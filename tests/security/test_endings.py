"""What does not want to end does: with its command, its box, or the clock."""

from __future__ import annotations

import signal
import uuid
from pathlib import Path

import pytest

from tests.sandbox.conftest import processes_with
from tests.security.world import boxed
from tests.support.levels import LEVELS

pytestmark = pytest.mark.parametrize("level", LEVELS)

DEAF = """
import os, signal, sys, time
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
"""
GENERATIONS = """
import ctypes
def leave():  # the parent, its session, and whoever might adopt
    os.fork() and os._exit(0)
    os.setsid()
    os.fork() and os._exit(0)
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)

def live():
    while True:
        time.sleep(0.01)

for generation in range(3):
    if os.fork() == 0:
        leave()
        if os.fork() == 0:
            live()
os.close(1)
os.close(2)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace on the host."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("end", ["time.sleep(0.2)", "live()"], ids=["early", "late"])
def test_three_generations_of_daemons_end_with_their_command(
    end: str, level: str, workspace: Path
) -> None:
    word = uuid.uuid4().hex
    with boxed(level, workspace) as box:
        words = ["python", "-c", DEAF + GENERATIONS + end, word]
        result = box.run(words, timeout=1)
        assert processes_with(word) == []
        assert result.timed_out == (end == "live()")
        assert box.run("echo fine", timeout=10).out == b"fine\n"


def test_daemons_end_with_their_box(level: str, workspace: Path) -> None:
    word, program = uuid.uuid4().hex, workspace.parent / "program.py"
    source = f"words = ['python', '-c', {DEAF + GENERATIONS!r} + 'live()', {word!r}]"
    program.write_text(
        f"import os\n{source}\n"
        "def main(sock, arguments):\n"
        "    os.fork() or os.execvp('python', words)\n"
        "    sock.sendall(b'x')\n"
        "    sock.recv(1)\n"
    )
    with boxed(level, workspace, programs={"program": program}) as box:
        child = box.spawn("program")
        assert child.socket.recv(1) == b"x"
        box.run("sleep 0.5", timeout=10)  # a command's end spares a living program
        assert processes_with(word) != []
    assert processes_with(word) == []


@pytest.mark.parametrize(
    "stop",
    [
        "os.kill(0, signal.SIGSTOP)",
        "try: os.kill(os.getppid(), signal.SIGSTOP)\n"
        "except PermissionError: pass\n"  # it may be out of reach
        "time.sleep(60)",
        "while True: pass",
    ],
    ids=["stopped", "with its runner", "busy"],
)
def test_the_clock_ends_what_hears_no_signal(
    stop: str, level: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How long the harness waits for a runner that says nothing.
    monkeypatch.setattr("pytest_overnight.sandbox.client.GRACE_SECONDS", 0.5)
    word = uuid.uuid4().hex
    with boxed(level, workspace) as box:
        result = box.run(["python", "-c", DEAF + stop, word], timeout=1)
        assert result.timed_out
        assert result.status == -signal.SIGKILL
        assert processes_with(word) == []
        assert box.run("echo fine", timeout=10).out == b"fine\n"


@pytest.mark.parametrize(
    "blocks",
    [
        "mkfifo pipe; cat pipe",
        "cat /proc/kmsg",
        "cat /dev/tty",
        "python -c 'import os; os.read(os.eventfd(0), 8)'",
    ],
    ids=["a pipe", "the kernel's log", "a terminal", "an event"],
)
def test_what_blocks_is_refused_or_ended_by_the_clock(
    blocks: str, level: str, workspace: Path
) -> None:
    with boxed(level, workspace) as box:
        result = box.run(blocks, timeout=1)
        assert result.status != 0
        assert box.run("echo fine", timeout=10).out == b"fine\n"


def test_an_endless_line_is_drained_and_cut_off(level: str, workspace: Path) -> None:
    flood = "import os\nwhile True: os.write(1, b'x' * 65536)"
    with boxed(level, workspace, output_kb=16) as box:
        result = box.run(["python", "-c", flood], timeout=60)
        assert result.status == -signal.SIGKILL
        assert not result.timed_out
        assert len(result.out) < 17 << 10
        assert result.dropped_bytes > 1 << 20
        assert box.run("echo fine", timeout=10).out == b"fine\n"
