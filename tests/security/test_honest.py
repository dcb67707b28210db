"""What honest work needs must pass every wall that stands against attacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security.world import boxed
from tests.support.levels import LEVELS
from tests.support.levels import ONE_QUICK

PROGRAMS = {
    "threads": """
import threading
seen = []
threads = [threading.Thread(target=seen.append, args=(n,)) for n in range(20)]
[t.start() for t in threads]
[t.join() for t in threads]
assert sorted(seen) == list(range(20))
""",
    "a pool of threads": """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor() as pool:
    assert sum(pool.map(abs, range(-9, 0))) == 45
""",
    "processes with pipes": """
import multiprocessing
context = multiprocessing.get_context("fork")
def work(connection):
    connection.send(connection.recv() + 1)
here, there = context.Pipe()
process = context.Process(target=work, args=(there,))
process.start()
here.send(41)
assert here.recv() == 42
process.join()
""",
    "a pipeline": """
import subprocess
words = dict(shell=True, text=True, capture_output=True, check=True)
assert subprocess.run("seq 100 | grep 7 | sort -r | head -1", **words).stdout == "97\\n"
first = subprocess.Popen(["seq", "9"], stdout=subprocess.PIPE)
assert subprocess.check_output(["wc", "-l"], stdin=first.stdout).strip() == b"9"
first.wait()
""",
    "asyncio": """
import asyncio
async def main():
    process = await asyncio.create_subprocess_exec(
        "echo", "hello", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out == b"hello\\n"
    assert await asyncio.to_thread(abs, -1) == 1
asyncio.run(main())
""",
    "a pair of sockets": """
import os, socket
here, there = socket.socketpair()
if os.fork() == 0:
    there.sendall(b"ping")
    os._exit(0)
assert here.recv(4) == b"ping"
os.wait()
""",
    "signals among its own": """
import os, signal, subprocess
child = subprocess.Popen(["sleep", "60"])
child.send_signal(signal.SIGSTOP)
child.send_signal(signal.SIGCONT)
child.terminate()
assert child.wait() == -signal.SIGTERM
signal.signal(signal.SIGALRM, lambda number, frame: None)
signal.alarm(1)
signal.pause()
""",
    "limits of its own": """
import os, resource
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
os.nice(1)
os.sched_setaffinity(0, os.sched_getaffinity(0))
""",
    "temporary files": """
import os, tempfile
with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
    file.write(b"x")
    open(os.path.join(folder, "y"), "w").close()
with tempfile.TemporaryFile() as file:
    file.write(b"x")
""",
    "sqlite": """
import sqlite3
with sqlite3.connect("data.db") as base:
    base.execute("pragma journal_mode = wal")
    base.execute("create table t (n)")
    base.executemany("insert into t values (?)", [(n,) for n in range(100)])
    assert base.execute("select sum(n) from t").fetchone() == (4950,)
""",
    "copies and moves": """
import os, shutil
os.makedirs("a/b")
open("a/b/c", "w").write("text")
os.chmod("a/b/c", 0o600)
shutil.copy2("a/b/c", "copy")
shutil.copytree("a", "tree", symlinks=True)
shutil.move("tree", "moved")
os.replace("copy", "moved/b/c")
os.link("a/b/c", "hard")
os.utime("hard", (1, 1))
assert open("moved/b/c").read() == "text"
shutil.rmtree("a")
""",
    "links in the workspace": """
import os
open("file", "w").write("text")
os.symlink("file", "link")
os.symlink(os.path.abspath("file"), "far")
assert open("link").read() == open("far").read() == "text"
assert os.path.realpath("link") == os.path.abspath("file")
""",
    "a program of its own": """
import os, subprocess
open("tool", "w").write("#!/bin/sh\\necho tool $1\\n")
os.chmod("tool", 0o755)
assert subprocess.check_output(["./tool", "x"]) == b"tool x\\n"
open("script", "w").write("#!/usr/bin/env python\\nprint(6 * 7)\\n")
os.chmod("script", 0o755)
assert subprocess.check_output(["./script"]) == b"42\\n"
""",
    "diff and patch": """
import difflib, subprocess
open("old", "w").write("a\\nb\\n")
open("new", "w").write("a\\nc\\n")
done = subprocess.run(["diff", "-u", "old", "new"], capture_output=True)
assert done.returncode == 1
import shutil
if shutil.which("patch"):
    subprocess.run(["patch", "old"], input=done.stdout, check=True)
    assert open("old").read() == "a\\nc\\n"
""",
    "archives": """
import tarfile, zipfile
open("file", "w").write("text")
with tarfile.open("a.tar.gz", "w:gz") as archive:
    archive.add("file")
with tarfile.open("a.tar.gz") as archive:
    archive.extractall("out", filter="data")
with zipfile.ZipFile("a.zip", "w") as archive:
    archive.write("file")
assert open("out/file").read() == "text"
""",
    "locks and mapped files": """
import fcntl, mmap
with open("file", "w+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    file.write(bytes(4096))
    file.flush()
    with mmap.mmap(file.fileno(), 0) as view:
        view[:4] = b"text"
assert open("file", "rb").read(4) == b"text"
""",
    "modules of its own": """
import os, subprocess, sys
os.makedirs("package")
open("package/__init__.py", "w").write("from package.inner import answer\\n")
open("package/inner.py", "w").write("answer = 42\\n")
open("package/__main__.py", "w").write("import package; print(package.answer)\\n")
assert subprocess.check_output([sys.executable, "-m", "package"]) == b"42\\n"
""",
    "time and chance": """
import os, random, secrets, time, uuid
assert len(os.urandom(8) + secrets.token_bytes(8) + uuid.uuid4().bytes) == 32
assert time.time() > 1_700_000_000 and time.localtime().tm_year > 2020
""",
    "homes and users": """
import os, pathlib
home = pathlib.Path.home()
(home / "mark").write_text("x")
assert os.path.expanduser("~/mark") == str(home / "mark")
""",
}
POOL = """
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(abs, [-1, -2, -3]) == [1, 2, 3]
"""
TESTS = """
from hypothesis import given, strategies as st

@given(st.lists(st.integers()))
def test_sorting_twice_is_sorting_once(numbers):
    assert sorted(sorted(numbers)) == sorted(numbers)

def test_folders(tmp_path):
    (tmp_path / "x").write_text("x")
"""
SERVER = """
import http.server, threading, urllib.request
server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
open("page", "w").write("text")
with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/page") as answer:
    assert answer.read() == b"text"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace on the host."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS)
def test_honest_programs_work(source: str, level: str, workspace: Path) -> None:
    with boxed(level, workspace) as box:
        result = box.run(["python", "-c", source], timeout=60)
    assert (result.status, result.err) == (0, b"")


@pytest.mark.parametrize("level", [LEVELS[0], LEVELS[2]])
def test_a_pool_of_processes_works_where_there_is_shared_memory(
    level: str, workspace: Path
) -> None:
    with boxed(level, workspace) as box:
        result = box.run(["python", "-c", POOL], timeout=60)
    assert (result.status, result.err) == (0, b"")


@pytest.mark.parametrize("level", ONE_QUICK)
def test_the_tools_of_the_runtime_work(level: str, workspace: Path) -> None:
    (workspace / "test_it.py").write_text(TESTS)
    with boxed(level, workspace) as box:
        tested = box.run("python -m pytest -q", timeout=60, merge=True)
        assert b"2 passed" in tested.out, tested.out
        checked = box.run("mypy --strict test_it.py", timeout=120, merge=True)
        assert b"2 errors" in checked.out, checked.out  # its functions have no types


@pytest.mark.parametrize("level", LEVELS[:1])
def test_programs_of_a_box_with_a_network_of_its_own_may_talk(
    level: str, workspace: Path
) -> None:
    with boxed(level, workspace) as box:
        result = box.run(["python", "-c", SERVER], timeout=60)
    assert result.status == 0, result.err
