"""What takes as much as it can: of processes, memory, disk.

Limits of single processes end nothing that works with many; so these are sums, over
the whole box. Each flood is bounded, and waits at its end to be found out.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import CommandResult
from tests.sandbox.conftest import eventually
from tests.sandbox.conftest import processes_with
from tests.security.attacks.attack import FILTERED
from tests.security.world import boxed
from tests.support.levels import LEVELS
from tests.support.levels import must_promise

pytestmark = pytest.mark.parametrize("level", LEVELS)

MB = 1 << 20
WAIT = "\nimport time; time.sleep(20)\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """Removed by programs that know no depth; pytest's own way is recursive."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    yield folder
    subprocess.run(["chmod", "-R", "u+rwX", folder], check=False)
    subprocess.run(["rm", "-rf", folder], check=True)


def flooded(box: Box, source: str) -> CommandResult:
    """Run a flood; wait long enough for it to be found out."""
    result = box.run(["python", "-c", source + WAIT], timeout=60)
    assert not result.timed_out
    return result


def goes_on(box: Box) -> bool:
    """Whether the box is good for the next command."""
    result = box.run("echo fine", timeout=10)
    return (result.status, result.out, result.limit) == (0, b"fine\n", "")


# -- processes ----------------------------------------------------------------------

FORKS = """
import os, sys, time
made = 0
try:
    for made in range(400):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
except OSError:
    pass
"""
THREADS = """
import sys, threading, time
made = 0
try:
    for made in range(400):
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
except RuntimeError:
    pass
"""
TELL = """
with open("full", "w") as file:
    file.write(str(made))
for _ in range(300):
    if os.path.exists("done"):
        break
    time.sleep(0.1)
os._exit(0)
"""


@pytest.mark.parametrize("bomb", [FORKS, THREADS], ids=["processes", "threads"])
def test_a_bomb_is_capped_while_the_host_goes_on(
    bomb: str, level: str, workspace: Path
) -> None:
    word = uuid.uuid4().hex
    words = ["python", "-c", "import os" + bomb + TELL, word]
    with (
        boxed(level, workspace, processes=32) as box,
        ThreadPoolExecutor() as pool,
    ):
        running = pool.submit(box.run, words, timeout=60)
        full = workspace / "full"
        assert eventually(lambda: full.exists() or running.done())
        assert subprocess.run(["true"], check=False).returncode == 0
        (workspace / "done").touch()
        result = running.result()
        assert processes_with(word) == []
        assert goes_on(box)
    assert result.limit == "processes" or int(full.read_text()) < 32


def test_processes_of_the_same_user_elsewhere_do_not_count(
    level: str, workspace: Path
) -> None:
    twenty = FORKS.replace("400", "20") + "print(made)"
    with boxed(level, workspace, processes=32) as box:
        box.call("write", path="mine", data=b"")
        user = (workspace / "mine").stat().st_uid
        # Without a namespace root's boxes have users that nobody else can be.
        with Crowd(user if level == "bubblewrap" else os.geteuid(), 300):
            result = box.run(["python", "-c", twenty], timeout=30)
    assert (result.status, result.out, result.limit) == (0, b"19\n", "")


class Crowd:
    """Idle processes of one user, in a session of their own."""

    def __init__(self, user: int, count: int) -> None:
        start = f"for n in $(seq {count}); do sleep 60 & done; echo there"
        end = "read end; trap : TERM; kill 0; wait"  # and reap: the dead count, too
        self.shell = subprocess.Popen(
            ["sh", "-c", f"{start}; {end}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            user=user if os.geteuid() == 0 else None,
        )

    def __enter__(self) -> None:
        assert self.shell.stdout is not None
        assert self.shell.stdout.readline() == b"there\n"

    def __exit__(self, *_: object) -> None:
        self.shell.communicate(b"end\n")


# -- memory -------------------------------------------------------------------------

MEMORY = {
    "one process": "held = bytearray(400 << 20)",
    "six processes": """
import os
for n in range(6):
    if os.fork() == 0:
        break
held = bytearray(80 << 20)
""",
    "one mapping of six processes": """
import mmap, os
held = mmap.mmap(-1, 400 << 20)
held.write(bytes(200 << 20))
for n in range(6):
    if os.fork() == 0:
        break
held.write(bytes(200 << 20))
""",
    "what waits in sockets": """
import os, socket
for n in range(11):
    if os.fork() == 0:
        break
held = [socket.socketpair() for n in range(110)]
for end in (end for pair in held for end in pair):
    end.setblocking(False)
    try:
        while True:
            end.send(bytes(65536))
    except BlockingIOError:
        pass
""",
    "a process that nobody may look into": """
import ctypes
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
held = bytearray(400 << 20)
""",
}


@pytest.mark.parametrize("source", MEMORY.values(), ids=MEMORY)
def test_memory_has_a_limit_for_all_processes_together(
    source: str, level: str, workspace: Path
) -> None:
    with boxed(level, workspace, memory_sum_mb=256, memory_mb=1024) as box:
        assert flooded(box, source).limit == "memory"
        assert goes_on(box)


SHARED_MEMORY = {
    "files in memory": """
held = [os.memfd_create("x") for _ in range(8)]
for file in held:
    os.truncate(file, 50 << 20)
    os.posix_fallocate(file, 0, 50 << 20)
""",
    "segments": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
for n in range(8):
    segment = libc.shmget(0, 50 << 20, 0o1600)
    if segment < 0:
        raise OSError(ctypes.get_errno(), "refused")
    address = libc.shmat(segment, None, 0)
    ctypes.memset(address, 1, 50 << 20)
    libc.shmdt(ctypes.c_void_p(address))
""",
}


@pytest.mark.parametrize("source", SHARED_MEMORY.values(), ids=SHARED_MEMORY)
def test_memory_that_belongs_to_no_process_is_refused_or_counted(
    source: str, level: str, workspace: Path
) -> None:
    must_promise(level, FILTERED)
    with boxed(level, workspace, memory_sum_mb=256, memory_mb=1024) as box:
        result = flooded(box, "import os\n" + source)
        assert result.limit == "memory" or b"PermissionError" in result.err
        assert goes_on(box)


# -- disk ---------------------------------------------------------------------------

PIECES = """
import os, tempfile
def fill(folder, keep=True):
    for n in range(20):
        with open(os.path.join(folder, f"piece{n}"), "wb") as file:
            file.write(bytes(4 << 20))
            if not keep:
                os.unlink(file.name)
                held.append(os.dup(file.fileno()))
held = []
"""
DISK = {
    "many files": "fill('.')",
    "files of the temporary folder": "fill(tempfile.gettempdir())",
    "files that were deleted and are open": "fill('.', keep=False)",
    "files that a program holds which nobody may look into": """
import shutil
shutil.copyfile("/bin/sh", "closed")
os.chmod("closed", 0o111)
script = \"\"\"
text=$(yes x | head -c 1000000)
for n in 3 4 5 6 7 8; do eval "exec $n> held"; rm held; done
for n in 3 4 5 6 7 8; do  # by the shell alone: no other process holds the files
    i=0
    while [ $((i += 1)) -lt 12 ]; do echo "$text" >&$n; done
done
sleep 30 3>&- 4>&- 5>&- 6>&- 7>&- 8>&-
\"\"\"
os.execl("closed", "sh", "-c", script)
""",
    "files that were deleted and are mapped": """
import ctypes
libc, none = ctypes.CDLL(None), ctypes.c_void_p(0)
for n in range(20):
    file = os.open("file", os.O_RDWR | os.O_CREAT)
    os.write(file, bytes(4 << 20))
    assert libc.mmap(none, ctypes.c_long(4 << 20), 1, 1, file, ctypes.c_long(0)) != -1
    os.close(file)
    os.unlink("file")
""",
    "files that were deleted and are being handed over": """
import socket
here, there = socket.socketpair()
for n in range(20):
    file = os.open("file", os.O_RDWR | os.O_CREAT)
    os.write(file, bytes(4 << 20))
    socket.send_fds(here, [b"x"], [file])
    os.close(file)
    os.unlink("file")
""",
    "files in a folder that is closed": """
os.mkdir("closed")
fill("closed")
os.chmod("closed", 0)
""",
    "files in a folder that is closed again and again": """
os.makedirs("closed/inner")
fill("closed/inner")
while True:
    os.chmod("closed/inner", 0)
    os.chmod("closed", 0)
    os.chmod("closed", 0o700)
""",
    "blocks beyond the end of a file": """
import ctypes
with open("file", "wb") as file:
    libc = ctypes.CDLL(None, use_errno=True)
    size = ctypes.c_long(80 << 20)
    if libc.fallocate(file.fileno(), 1, ctypes.c_long(0), size):
        raise OSError(ctypes.get_errno(), "refused")
""",
}


@pytest.mark.parametrize("source", DISK.values(), ids=DISK)
def test_disk_space_has_a_limit_for_all_files_together(
    source: str, level: str, workspace: Path
) -> None:
    with boxed(level, workspace, workspace_mb=32, tmp_mb=128) as box:
        result = flooded(box, PIECES + source)
        assert result.limit == "disk", result.err
        assert goes_on(box)


FILES = {
    "files": "for n in range(1500): open(f'file{n}', 'x').close()",
    "folders": "for n in range(1500): os.mkdir(f'folder{n}')",
    "links": "for n in range(1500): os.symlink('x', f'link{n}')",
    "pipes": "for n in range(1500): os.mkfifo(f'pipe{n}')",
    "files of the temporary folder": """
for n in range(1500):
    open(f"{tempfile.gettempdir()}/file{n}", "x").close()
""",
    "folders in folders": """
for n in range(600):
    os.mkdir("d" * 20)
    os.chdir("d" * 20)
""",
}


@pytest.mark.parametrize("source", FILES.values(), ids=FILES)
def test_the_number_of_files_has_a_limit(
    source: str, level: str, workspace: Path
) -> None:
    with boxed(level, workspace, workspace_files=500) as box:
        result = flooded(box, "import os, tempfile\n" + source)
        assert result.limit == "files", result.err
        assert goes_on(box)


def test_what_many_commands_leave_has_a_limit_too(level: str, workspace: Path) -> None:
    some = "import os\nfor _ in range(150): open(os.urandom(8).hex(), 'x').close()"
    with boxed(level, workspace, workspace_files=100) as box:
        assert {flooded(box, some).limit for _ in range(30)} == {"files"}
        left = [path.name for path in workspace.iterdir()]
        assert len(left) <= 4 * 100 + 150
        # No command may run any more, not even one that tidies up.
        assert box.run("rm *", timeout=30).limit == "files"
        assert len(box.call("list", path=".", pattern="*")) == len(left)
        for name in left:
            box.call("remove", path=name)
        assert goes_on(box)


def test_what_was_too_much_may_be_tidied_up(level: str, workspace: Path) -> None:
    with boxed(level, workspace, workspace_mb=32) as box:
        flooded(box, PIECES + "fill('.')")
        assert box.run("rm piece*", timeout=30).status == 0
        assert box.run("echo small > file; sleep 0.2", timeout=10).limit == ""
        assert box.call("list", path=".", pattern="*") == [["file", 6]]


# -- one file -----------------------------------------------------------------------

SPARSE = """
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open("sparse", "wb", buffering=0) as file:
    file.write(b"x")
    os.lseek(file.fileno(), 1 << 40, os.SEEK_SET)
    for grow in (lambda: os.write(file.fileno(), b"x"), lambda: file.truncate(1 << 40)):
        try:
            grow()
        except OSError:
            pass
"""


def test_one_file_has_a_limit_even_where_its_signal_is_ignored(
    level: str, workspace: Path
) -> None:
    large = "import os, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    large += "f = os.open('large', 65)\nwhile True: os.write(f, bytes(1 << 20))"
    with boxed(level, workspace, file_mb=4) as box:
        assert box.run(["python", "-c", large], timeout=30).status == 1
        assert len(box.call("read", path="large")) == 4 * MB


def test_a_file_that_claims_to_be_huge_does_no_harm(
    level: str, workspace: Path
) -> None:
    with boxed(level, workspace, file_mb=4) as box:
        assert box.run(["python", "-c", SPARSE], timeout=30).status == 0
        assert len(box.call("read", path="sparse")) <= 4 * MB
    assert (workspace / "sparse").stat().st_blocks * 512 < MB


def test_shared_memory_of_the_host_is_not_filled(level: str, workspace: Path) -> None:
    must_promise(level, "write")
    name = f"overnight-{uuid.uuid4().hex}"
    fill = f"head -c 20M /dev/zero > /dev/shm/{name}; ls -l /dev/shm"
    with boxed(level, workspace) as box:
        result = box.run(fill, timeout=30)
    assert b"No space left" in result.err or b"Permission denied" in result.err
    assert not Path("/dev/shm", name).exists()
