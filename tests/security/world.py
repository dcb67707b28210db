"""What lies outside a box in a test of its walls, and how to see it touched.

A secret, a folder that everybody may write, listening sockets of every kind, shared
objects of the kernel, a process that can be harmed: all of the test's own.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import secrets
import shutil
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.box import Limits
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import prepare_runtime

NOBODY = 65534

VICTIM = """
import ctypes, sys
secret = bytearray(sys.argv[1].encode())
print(ctypes.addressof(ctypes.c_char.from_buffer(secret)), flush=True)
for _ in sys.stdin:
    print(secret.decode(), flush=True)
"""


@contextmanager
def boxed(
    level: str,
    workspace: Path,
    hidden: Sequence[Path] = (),
    programs: Mapping[str, Path] = MappingProxyType({}),
    **limits: int,
) -> Iterator[Box]:
    """A box of this level as the try has it."""
    plan = BoxPlan(level, workspace, programs=programs, limits=Limits(**limits))
    box = open_box(plan, prepare_runtime(), hidden)
    try:
        yield box
    finally:
        box.close()


@dataclass(frozen=True)
class World:
    """All that attacks are aimed at."""

    workspace: Path
    facts: dict[str, Any]
    """What attacks are told of it, as JSON has it."""
    hidden: tuple[Path, ...]
    victim: Victim
    listeners: dict[str, list[socket.socket]]
    before: dict[str, Any]

    def traces(self) -> list[str]:
        """What an attack has left changed, as seen from outside."""
        found = [
            name
            for name, listeners in self.listeners.items()
            if any(map(_heard, listeners))
        ]
        if state_of(Path(self.facts["folder"])) != self.before:
            found.append("folder")
        if self.victim.harmed():
            found.append("victim")
        return found


@contextmanager
def world(top: Path) -> Iterator[World]:
    """Make a world below a test's folder; its secret is also in the environment."""
    marker, name = secrets.token_hex(16), f"outside-{secrets.token_hex(4)}"
    workspace, folder = top / "workspace", top / name
    workspace.mkdir()
    facts = {
        "marker": marker[::-1],
        "name": name,
        "root": os.geteuid() == 0,
        "disks": [path.name for path in Path("/sys/block").glob("*")],
        **_lay(folder, marker),
    }
    hidden, facts["hidden"] = _hidden(top, marker)
    _set_uid_program(workspace)
    with ExitStack() as stack:
        stack.enter_context(_environment("SECRET_CANARY", marker))
        facts |= stack.enter_context(_shared_objects(marker))
        listeners = stack.enter_context(_listeners(folder, name, facts))
        file = stack.enter_context((folder / "secret").open())
        os.set_inheritable(file.fileno(), True)
        victim = stack.enter_context(_victim(marker, file.fileno(), folder))
        facts |= {"pid": victim.process.pid, "address": victim.address}
        facts |= {"descriptor": file.fileno()}
        before = state_of(folder)
        yield World(workspace, facts, hidden, victim, listeners, before)


# -- files ------------------------------------------------------------------------


def _lay(folder: Path, marker: str) -> dict[str, Any]:
    """A folder with a secret; the rest open to everybody, for walls must hold alone."""
    folder.mkdir()
    for name in ("secret", "file", "other", "third"):
        (folder / name).write_text(f"{marker}\n")
        (folder / name).chmod(0o644 if name == "secret" else 0o666)
    (folder / "empty").mkdir()
    (folder / "link").symlink_to("secret")
    shutil.copyfile("/bin/true", folder / "tool")
    (folder / "tool").chmod(0o755)
    (folder / "empty").chmod(0o777)
    folder.chmod(0o777)
    return {
        "folder": str(folder),
        "secret": str(folder / "secret"),
        "file": str(folder / "file"),
        "link": str(folder / "link"),
        "tool": str(folder / "tool"),
        "owner": [os.geteuid(), os.getegid()],
        "handle": _handle(folder / "secret"),
    }


def _handle(path: Path) -> tuple[int, str]:
    """Kind and bytes by which the kernel's file servers know a file."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
    mount = ctypes.c_int()
    name = os.fsencode(path)
    if libc.name_to_handle_at(-100, name, buffer, ctypes.byref(mount), 0) != 0:
        return 1, "00" * 8  # a file system without
    size, kind = struct.unpack_from("Ii", buffer)
    return kind, buffer.raw[8 : 8 + size].hex()


def _hidden(top: Path, marker: str) -> tuple[tuple[Path, ...], list[list[str]]]:
    """A folder that boxes have no way to, and one beneath a folder that they see."""
    own = top / f"hidden-{secrets.token_hex(4)}"
    own.mkdir()
    (own / "test_hidden.py").write_text(marker)
    shown = next(
        path
        for path in sorted(Path("/usr/share").glob("*/*"))
        if path.is_file() and path.stat().st_size and not path.parent.is_symlink()
    )
    pairs = [(own, own / "test_hidden.py"), (shown.parent, shown)]
    return (own, shown.parent), [[str(folder), str(file)] for folder, file in pairs]


def _set_uid_program(workspace: Path) -> None:
    """A program of another user's in the workspace; only root can make one."""
    if os.geteuid() == 0:
        program = workspace / "set-uid"
        shutil.copyfile(shutil.which("id") or "/usr/bin/id", program)
        os.chown(program, NOBODY, NOBODY)
        program.chmod(0o6755)


def state_of(folder: Path) -> dict[str, Any]:
    """Everything that a change below a folder would change."""
    found: dict[str, Any] = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        s = path.lstat()
        kept = (s.st_mode, s.st_nlink, s.st_uid, s.st_gid, s.st_mtime_ns, s.st_ctime_ns)
        data = path.read_bytes() if stat.S_ISREG(s.st_mode) else b""
        found[str(path)] = kept, data
    return found


# -- sockets ----------------------------------------------------------------------

STREAM, MAIL = socket.SOCK_STREAM, socket.SOCK_DGRAM


@contextmanager
def _listeners(
    folder: Path, name: str, facts: dict[str, Any]
) -> Iterator[dict[str, list[socket.socket]]]:
    """Listening sockets by guarantee; where they are goes to the facts."""
    # A path may be too long for a socket's address; this one is always short.
    opened = os.open(folder, os.O_PATH)
    short = f"/proc/self/fd/{opened}"
    wanted: list[tuple[str, int, int, Any]] = [
        ("tcp", socket.AF_INET, STREAM, ("127.0.0.1", 0)),
        ("tcp", socket.AF_INET6, STREAM, ("::1", 0)),
        ("udp", socket.AF_INET, MAIL, ("127.0.0.1", 0)),
        ("udp", socket.AF_INET6, MAIL, ("::1", 0)),
        ("unix", socket.AF_UNIX, STREAM, f"{short}/stream"),
        ("unix", socket.AF_UNIX, MAIL, f"{short}/mail"),
        ("abstract", socket.AF_UNIX, STREAM, f"\0{name}"),
        ("abstract", socket.AF_UNIX, MAIL, f"\0{name}-mail"),
    ]
    found: dict[str, list[socket.socket]] = {}
    with ExitStack() as stack:
        stack.callback(os.close, opened)
        for guarantee, family, kind, where in wanted:
            listener = stack.enter_context(socket.socket(family, kind))
            listener.setblocking(False)
            try:
                listener.bind(where)
            except OSError:
                if family == socket.AF_INET6:  # a machine without
                    continue
                raise
            if kind == STREAM:
                listener.listen()
            found.setdefault(guarantee, []).append(listener)
        for fact in ("tcp", "udp"):
            facts[fact] = [[int(s.family), s.getsockname()[:2]] for s in found[fact]]
        facts |= {"abstract": name, "port": facts["tcp"][0][1][1]}
        for file in ("stream", "mail"):
            (folder / file).chmod(0o777)
        yield found


def _heard(listener: socket.socket) -> bool:
    """Whether anything has arrived since the last time asked."""
    with suppress(BlockingIOError):
        if listener.type == STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(1)
        return True
    return False


# -- objects with names ---------------------------------------------------------------


@contextmanager
def _shared_objects(marker: str) -> Iterator[dict[str, Any]]:
    """Memory, semaphores and a queue that every user of the machine may use."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    key, name = secrets.randbits(30) | 1, f"overnight-{secrets.token_hex(8)}"
    file = Path("/dev/shm", name)
    made = 0o1666  # with IPC_CREAT
    memory = libc.shmget(key, 4096, made)
    queue, semaphores = libc.msgget(key, made), libc.semget(key, 1, made)
    try:
        file.write_text(marker)
        address = libc.shmat(memory, None, 0)
        ctypes.memmove(address, marker.encode(), len(marker))
        libc.shmdt(ctypes.c_void_p(address))
        yield {"key": key, "shm": name}
    finally:
        file.unlink(missing_ok=True)
        for remove in (
            partial(libc.shmctl, memory, 0, None),
            partial(libc.msgctl, queue, 0, None),
            partial(libc.semctl, semaphores, 0, 0),
        ):
            remove()


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


# -- a process ----------------------------------------------------------------------


@dataclass(frozen=True)
class Victim:
    """A process of this user in a session of its own."""

    process: subprocess.Popen[str]
    address: int
    """Where the secret lies in its memory."""
    marker: str
    before: tuple[Any, ...]

    def harmed(self) -> bool:
        """Whether it is dead, stopped, changed or hindered."""
        if self.process.poll() is not None or _state(self.process.pid) in "tTZ":
            return True
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().strip()
            return answer != self.marker or _standing(self.process.pid) != self.before
        except (BrokenPipeError, ProcessLookupError):
            return True


@contextmanager
def _victim(marker: str, descriptor: int, folder: Path) -> Iterator[Victim]:
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", VICTIM, marker],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[descriptor],
        start_new_session=True,
        cwd=folder,
    )
    with process:
        try:
            assert process.stdout is not None
            address = int(process.stdout.readline())
            yield Victim(process, address, marker, _standing(process.pid))
        finally:
            process.kill()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _standing(pid: int) -> tuple[Any, ...]:
    return (
        os.getpriority(os.PRIO_PROCESS, pid),
        os.sched_getaffinity(pid),
        resource.prlimit(pid, resource.RLIMIT_NOFILE),
    )


def told(facts: dict[str, Any]) -> str:
    """The argument that tells a script the facts."""
    return json.dumps(facts)
