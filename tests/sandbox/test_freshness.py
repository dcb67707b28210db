"""What agent code can leave behind in a verification's box: nothing.

A reset looks first whether anything changed, and lays all anew only if it did. So each
way of leaving a mark is tried here, and must be gone, or the box must say so.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.inside import ground
from pytest_overnight.sandbox.inside.ground import Ground
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import Runtime

pytestmark = pytest.mark.needs("bubblewrap")

# Everything that a program can see of the folders, but for what differs between two
# layings in any case: numbers of inodes, and times of creation and of change.
LOOK = """
import json, os, stat
seen = {}
for top in ("/ws", "/tmp", "/dev/shm"):
    for folder, folders, files in os.walk(top):
        for path in [folder, *(os.path.join(folder, f) for f in folders + files)]:
            s = os.lstat(path)
            kept = [s.st_mode, s.st_nlink, s.st_size, s.st_uid, s.st_gid]
            read = s.st_atime_ns > s.st_ctime_ns
            attributes = os.listxattr(path, follow_symlinks=False)
            recent = s.st_mtime_ns > 1_000_000_000 * 1_000_000_000
            data = ""
            if stat.S_ISREG(s.st_mode):
                data = open(path).read()
            elif stat.S_ISLNK(s.st_mode):
                data = os.readlink(path)
            seen[path] = [kept, attributes, recent, data, read]
print(json.dumps(seen, sort_keys=True))
"""

MARKS = {
    "content": "open('answer.py', 'w').write('answer = 43\\n')",
    "content of the same size, times set back": (
        "s = os.stat('answer.py'); open('answer.py', 'w').write('answer = 43\\n'); "
        "os.utime('answer.py', ns=(s.st_atime_ns, s.st_mtime_ns))"
    ),
    "content through mmap": (
        "f = open('answer.py', 'r+b'); m = mmap.mmap(f.fileno(), 0); m[9:11] = b'43'; "
        "m.close()"
    ),
    "an attribute": "os.setxattr('answer.py', 'user.mark', b'1')",
    "an attribute of the folder": "os.setxattr('.', 'user.mark', b'1')",
    "an attribute of /tmp": "os.setxattr('/tmp', 'user.mark', b'1')",
    "a mode": "os.chmod('answer.py', 0o600)",
    "the mode of the folder": "os.chmod('.', 0o700)",
    "the mode of /dev/shm": "os.chmod('/dev/shm', 0o755)",
    "a time of change": "os.utime('answer.py', (1, 1))",
    "the time of a folder": "os.utime('package', (1, 1))",
    "the time of the top folder": "os.utime('.', (1, 1))",
    "a new file": "open('new', 'w')",
    "a new file deep down": "open('package/new', 'w')",
    "a new file in /tmp": "open('/tmp/new', 'w')",
    "a new file in HOME": "open(os.path.expanduser('~/new'), 'w')",
    "a new file in /dev/shm": "open('/dev/shm/new', 'w')",
    "a new folder": "os.mkdir('new')",
    "a hard link": "os.link('answer.py', 'again.py')",
    "another link": "os.unlink('link'); os.symlink('package', 'link')",
    "a file for a link": "os.unlink('link'); open('link', 'w').write('answer.py')",
    "a link for a file": (
        "os.rename('answer.py', '/ws/package/a'); os.symlink('package/a', 'answer.py')"
    ),
    "a renamed folder": "os.rename('package', 'parcel')",
    "swapped files": (
        "os.rename('answer.py', 'x'); os.rename('package/tool.sh', 'answer.py'); "
        "os.rename('x', 'package/tool.sh')"
    ),
    "a missing file": "os.unlink('answer.py')",
    "a missing HOME": "os.rmdir(os.path.expanduser('~'))",
    "a named pipe for a file": "os.unlink('answer.py'); os.mkfifo('answer.py')",
    "a socket": "socket.socket(socket.AF_UNIX).bind('/tmp/socket')",
}

# Undone by the program itself: at most times and numbers of inodes could tell.
UNDONE = {
    "a mode and back": "os.chmod('answer.py', 0o600); os.chmod('answer.py', 0o644)",
    "a link and back": "os.link('answer.py', 'x'); os.unlink('x')",
    "a name and back": "os.rename('package', 'x'); os.rename('x', 'package')",
    "a file in /tmp and back": "open('/tmp/x', 'w'); os.unlink('/tmp/x')",
    "the same content": "t = open('answer.py').read(); open('answer.py','w').write(t)",
    "an attribute and back": (
        "os.setxattr('answer.py', 'user.x', b''); os.removexattr('answer.py', 'user.x')"
    ),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Iterator[Box]:
    """One box for all marks: each must be gone for the next."""
    folder = tmp_path_factory.mktemp("submission")
    (folder / "package").mkdir()
    (folder / "answer.py").write_text("answer = 42\n")
    (folder / "package" / "tool.sh").write_text("#!/bin/sh\necho tool\n")
    (folder / "link").symlink_to("answer.py")
    box = open_box(BoxPlan("bubblewrap", submission=folder), runtime)
    yield box
    box.close()


def python(box: Box, source: str) -> str:
    """What a program prints in the box."""
    source = f"import mmap, os, socket\n{source}"
    done = box.run(["python", "-c", source], timeout=30)
    assert done.status == 0, done.err
    return done.out.decode()


def look(box: Box) -> Any:
    """All that a program can see."""
    return json.loads(python(box, LOOK))


def numbers(box: Box) -> str:
    """Numbers of the inodes: new ones after a laying."""
    return python(box, "print(os.stat('answer.py').st_ino, os.stat('package').st_ino)")


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_no_mark_survives_a_reset(shared: Box, mark: str) -> None:
    before = look(shared)
    python(shared, mark)
    assert look_quietly(shared) != before
    shared.reset()
    assert look(shared) == before


def look_quietly(box: Box) -> Any:
    """The same, or nothing where a mark is in the way (a pipe would block)."""
    done = box.run(["python", "-c", LOOK], timeout=2)
    return json.loads(done.out) if done.status == 0 else None


@pytest.mark.parametrize("change", UNDONE.values(), ids=UNDONE)
def test_a_change_that_was_undone_is_a_change(shared: Box, change: str) -> None:
    before = numbers(shared)
    python(shared, change)
    shared.reset()
    assert numbers(shared) != before


def test_what_only_reads_changes_nothing(shared: Box) -> None:
    shared.reset()
    before, everything = numbers(shared), python(shared, LOOK)
    python(shared, "import answer; os.listdir('package'); os.readlink('link')")
    shared.reset()
    assert numbers(shared) == before
    assert python(shared, LOOK) == everything


def test_reading_leaves_no_time_of_access(shared: Box) -> None:
    ask = "print([os.lstat(p).st_atime_ns for p in ('answer.py', 'package', 'link')])"
    before = python(shared, ask)
    python(shared, "open('answer.py').read(); os.listdir('package')")
    assert python(shared, ask) == before


def test_a_change_at_once_after_a_reset_is_seen(shared: Box) -> None:
    for number in range(20):
        shared.call("write", path="answer.py", data=b"answer = %2d\n" % number)
        shared.reset()
        assert shared.call("read", path="answer.py") == b"answer = 42\n"


@pytest.mark.parametrize(
    "call", ["shmget(77, 4096, 0o1600)", "semget(77, 1, 0o1600)", "msgget(77, 0o1600)"]
)
def test_nothing_can_be_made_that_outlives_all_processes(
    shared: Box, call: str
) -> None:
    ask = f"import ctypes; print(ctypes.CDLL(None).{call})"
    assert shared.run(["python", "-c", ask], timeout=20).out == b"-1\n"


def test_a_large_submission_is_laid_anew_every_time(
    tmp_path: Path, runtime: Runtime
) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "answer.py").write_bytes(b"#" * (ground.MOST_BYTES + 1))
    box = open_box(BoxPlan("bubblewrap", submission=tmp_path), runtime)
    try:
        before = numbers(box)
        box.reset()
        assert numbers(box) != before
    finally:
        box.close()


def test_many_files_are_laid_anew_every_time(tmp_path: Path) -> None:
    for number in range(ground.MOST_ENTRIES + 1):
        (tmp_path / str(number)).touch()
    laid = Ground({"init": True, "scratch": [str(tmp_path)]})
    laid.look()
    assert not laid.unchanged()


def test_where_the_clock_was_set_back_nothing_is_trusted(tmp_path: Path) -> None:
    ahead = time.time_ns() + 10**9
    os.utime(tmp_path, ns=(ahead, ahead - 10**9))
    laid = Ground({"init": True, "scratch": [str(tmp_path)]})
    laid.look()
    assert laid.unchanged()
    laid.newest += 10**18
    laid.settle()
    assert not laid.unchanged()
