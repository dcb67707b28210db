"""Real boxes at both levels, and a warm server, for the tests of this folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.box import Limits
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import Runtime
from pytest_overnight.sandbox.runtime import prepare_runtime
from tests.support.levels import LEVELS

PROGRAM = """
import os, sys

def is_open(descriptor):
    try:
        return bool(os.fstat(descriptor))
    except OSError:
        return False

def main(sock, arguments):
    what = arguments["what"]
    if what == "echo":
        while data := sock.recv(100):
            sock.sendall(data * arguments["times"])
    elif what == "count":
        sys.counted = getattr(sys, "counted", 0) + 1
        sock.sendall(b"%d" % sys.counted)
    elif what == "descriptors":
        sock.sendall(" ".join(map(str, filter(is_open, range(1024)))).encode())
    elif what == "where":
        sock.sendall(os.getcwd().encode())
    elif what == "file":
        sock.sendall(main.__code__.co_filename.encode())
    sock.recv(1)
"""


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    """The runtime of this environment."""
    return prepare_runtime()


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> str:
    """Every level, where it is to be had."""
    name: str = request.param
    return name


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A trusted program for ``spawn``."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace on the host."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def box(level: str, workspace: Path, program: Path, runtime: Runtime) -> Iterator[Box]:
    """A box as the agent's try has it; small limits."""
    limits = Limits(cpu_seconds=5, memory_mb=512, file_mb=4, tmp_mb=8, output_kb=16)
    plan = BoxPlan(level, workspace, programs={"program": program}, limits=limits)
    box = open_box(plan, runtime)
    yield box
    box.close()


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """A finished piece of work."""
    folder = tmp_path / "submission"
    (folder / "package").mkdir(parents=True)
    (folder / "answer.py").write_text("answer = 42\n")
    (folder / "package" / "tool.sh").write_text("#!/bin/sh\necho tool\n")
    (folder / "package" / "tool.sh").chmod(0o755)
    (folder / "link").symlink_to("answer.py")
    return folder


@pytest.fixture
def verify_box(level: str, submission: Path, runtime: Runtime) -> Iterator[Box]:
    """A box as a verification has it."""
    box = open_box(BoxPlan(level, submission=submission), runtime)
    yield box
    box.close()


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether a state of the machine is reached; generous, for it is no timing."""
    limit = time.monotonic() + 10
    while not holds():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True


def processes_with(word: str) -> list[int]:
    """Processes that have a word in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if word.encode() in command:
            found.append(int(folder.name))
    return found
