"""Commands and file operations, each run by a child of the helper.

A child reads one request from its own socket, does it, writes one reply and ends.
A reply is a tag (``+`` done, ``-`` refused by the operating system), six signed 64-bit
numbers, the last two of which are the lengths of the two byte strings that follow.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import stat
import time

from pytest_overnight.sandbox.inside.tree import SIGKILL
from pytest_overnight.sandbox.inside.tree import SUBREAPER
from pytest_overnight.sandbox.inside.tree import end_children
from pytest_overnight.sandbox.inside.tree import prctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable
    from collections.abc import Iterator
    from typing import Any
else:
    import _signal

MOST_ENTRIES = 20_000
MOST_DRAINED = 50 * 1024 * 1024
CHUNK = 65_536


class Reply:
    """What goes back: four numbers and two byte strings."""

    def __init__(self, *numbers: int, first: bytes = b"", second: bytes = b"") -> None:
        self.numbers = (*numbers, 0, 0, 0, 0)[:4]
        self.first = first
        self.second = second

    def encode(self, tag: bytes) -> bytes:
        """The bytes on the wire."""
        numbers = (*self.numbers, len(self.first), len(self.second))
        head = b"".join(n.to_bytes(8, "little", signed=True) for n in numbers)
        return tag + head + self.first + self.second


def perform(request: dict[str, Any], config: dict[str, Any]) -> bytes:
    """Do one request; what the operating system refuses is a reply, too."""
    operation = OPERATIONS[request.pop("operation")]
    try:
        return operation(config, **request).encode(b"+")
    except OSError as error:
        return Reply(error.errno or errno.EIO).encode(b"-")
    except ValueError:  # a null byte or a lone surrogate in a name
        return Reply(errno.EINVAL).encode(b"-")
    except MemoryError:
        return Reply(errno.ENOMEM).encode(b"-")


def limit(config: dict[str, Any]) -> None:
    """Put this process under the box's limits, for good."""
    for name, value in config["limits"].items():
        number = getattr(resource, "RLIMIT_" + name, None)
        if number is None:
            continue
        hard = resource.getrlimit(number)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(number, (value, value))


# -- commands ---------------------------------------------------------------------


class Kept:
    """The first and the last half of a stream; the middle is counted and dropped."""

    def __init__(self, most: int) -> None:
        self.half = max(1, most // 2)
        self.head = bytearray()
        self.tail = bytearray()
        self.dropped = 0

    def add(self, data: bytes) -> None:
        """Take what was read."""
        room = self.half - len(self.head)
        self.head += data[:room]
        self.tail += data[room:] if room > 0 else data
        extra = len(self.tail) - self.half
        if extra > 0:
            del self.tail[:extra]
            self.dropped += extra

    def bytes(self) -> bytes:
        """The kept bytes; where some were dropped, a line says how many."""
        if not self.dropped:
            return bytes(self.head + self.tail)
        gap = b"\n[... %d bytes dropped ...]\n" % self.dropped
        return bytes(self.head + gap + self.tail)


class Command:
    """One command with its pipes, drained while it runs."""

    def __init__(self, config: dict[str, Any], request: dict[str, Any]) -> None:
        most = config["output_bytes"]
        self.out, self.err = Kept(most), Kept(most)
        self.status: int | None = None
        self.drained = 0
        self.poller = select.poll()
        self.stdin = memoryview(request["stdin"])
        stdin, self.feed = os.pipe()
        out, out_end = os.pipe()
        err, err_end = (out, out_end) if request["merge"] else os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            start(config, request, stdin, out_end, err_end)
        self.began = time.monotonic()
        for end in {stdin, out_end, err_end}:
            os.close(end)
        self.streams = {err: self.err, out: self.out}
        for stream in self.streams:
            os.set_blocking(stream, False)
            self.poller.register(stream, select.POLLIN)
        os.set_blocking(self.feed, False)
        self.poller.register(self.feed, select.POLLOUT)

    def wait(self, wake: int, deadline: float) -> bool:
        """Serve the pipes until the command ends; False when time is up."""
        self.poller.register(wake, select.POLLIN)
        while self.status is None and self.drained <= MOST_DRAINED:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for descriptor, _ in self.poller.poll(left * 1000 + 1):
                if descriptor == wake:
                    os.read(wake, CHUNK)
                    self.reap()
                elif descriptor == self.feed:
                    self.write()
                else:
                    self.read(descriptor)
        return True

    def write(self) -> None:
        """Feed standard input; end of file when all is written or nobody reads."""
        try:
            self.stdin = self.stdin[os.write(self.feed, self.stdin[:CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self.stdin = self.stdin[:0]
        if not self.stdin:
            self.poller.unregister(self.feed)
            os.close(self.feed)

    def read(self, stream: int) -> bool:
        """Read once; False when there is nothing (more)."""
        try:
            data = os.read(stream, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self.poller.unregister(stream)
            os.close(stream)
            del self.streams[stream]
            return False
        self.drained += len(data)
        self.streams[stream].add(data)
        return True

    def reap(self) -> bool:
        """Collect the dead; whether a child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == self.pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif pid == 0:
                return True

    def drain(self) -> None:
        """Read what is left in the pipes when every writer is dead."""
        for stream in list(self.streams):
            while self.drained <= MOST_DRAINED and self.read(stream):
                pass


def run(config: dict[str, Any], *, timeout: float, **request: Any) -> Reply:
    """Run one command, and end everything it started.

    Numbers: exit status, microseconds, whether time was up, bytes dropped.
    """
    prctl(SUBREAPER, 1)
    wake, wake_end = os.pipe()
    os.set_blocking(wake_end, False)
    _signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
    _signal.signal(_signal.SIGCHLD, lambda number, frame: None)
    command = Command(config, request)
    in_time = command.wait(wake, command.began + timeout)
    seconds = time.monotonic() - command.began
    if command.status is None:
        _kill_session(command.pid)
    end_children(command.reap, 10.0)
    command.drain()
    status = -SIGKILL if command.status is None else command.status
    return Reply(
        status,
        int(seconds * 1e6),
        int(not in_time),
        command.out.dropped + command.err.dropped,
        first=command.out.bytes(),
        second=b"" if request["merge"] else command.err.bytes(),
    )


def _kill_session(pid: int) -> None:
    # Where /proc is missing, this is all there is.
    try:
        os.killpg(pid, SIGKILL)
    except OSError:
        pass


def start(
    config: dict[str, Any], request: dict[str, Any], stdin: int, out: int, err: int
) -> None:
    """Become the command; never returns."""
    try:
        for descriptor, target in ((stdin, 0), (out, 1), (err, 2)):
            os.dup2(descriptor, target)
        for number in (_signal.SIGPIPE, _signal.SIGXFSZ, _signal.SIGCHLD):
            _signal.signal(number, _signal.SIG_DFL)
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        os.setsid()
        os.chdir(config["workspace"])
        limit(config)
        argv = request["argv"]
        words = ["/bin/sh", "-c", argv] if isinstance(argv, str) else argv
        os.execvpe(words[0], words, {**os.environ, **request["env"]})
    except BaseException as error:
        # As a shell would say it: 127 for "no such command", 126 for "cannot run it".
        os.write(2, f"{request['argv']}: {error}\n".encode(errors="replace")[:4096])
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


# -- files ------------------------------------------------------------------------


def locate(config: dict[str, Any], path: str) -> str:
    """The path in the box; relative ones start at the working folder."""
    full = os.path.join(config["workspace"], path)
    roots = config["roots"]
    if roots:  # no wall stands around this level: at least honest mistakes stay inside
        real = os.path.realpath(full)
        if not any(real == root or real.startswith(root + "/") for root in roots):
            raise PermissionError(errno.EACCES, "outside the workspace")
    return full


def _open_regular(path: str, flags: int) -> int:
    # Without O_NONBLOCK a named pipe would hold the operation for ever.
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
    raise OSError(code, "not a regular file")


def read(config: dict[str, Any], *, path: str) -> Reply:
    """The bytes of one regular file, at most as long as a file may be in the box."""
    descriptor = _open_regular(locate(config, path), os.O_RDONLY)
    most = config["file_bytes"]
    data = bytearray()
    while chunk := os.read(descriptor, 1 << 20):
        data += chunk
        if len(data) > most:
            raise OSError(errno.EFBIG, "file too large")
    return Reply(first=bytes(data))


def write(config: dict[str, Any], *, path: str, data: bytes) -> Reply:
    """Replace the content of one regular file; parent folders are made."""
    if len(data) > config["file_bytes"]:
        raise OSError(errno.EFBIG, "file too large")
    full = locate(config, path)
    try:
        os.makedirs(os.path.dirname(full), exist_ok=True)
    except FileExistsError:  # a file where a folder should be
        raise NotADirectoryError(errno.ENOTDIR, "not a directory") from None
    descriptor = _open_regular(full, os.O_WRONLY | os.O_CREAT)
    os.ftruncate(descriptor, 0)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    return Reply()


def list_files(config: dict[str, Any], *, path: str, pattern: str) -> Reply:
    """Path, null byte, size, null byte of every file below a folder, sorted."""
    top = locate(config, path)
    os.close(os.open(top, os.O_RDONLY | os.O_DIRECTORY))
    found = []
    for inner, size in _walk(top):
        name = os.path.normpath(os.path.join(path, inner))
        if matches(inner, pattern):
            found.append(os.fsencode(name) + b"\0%d\0" % size)
        if len(found) >= MOST_ENTRIES:
            break
    return Reply(first=b"".join(sorted(found)))


def _walk(top: str) -> Iterator[tuple[str, int]]:
    """Relative path and size of everything that is not a folder; links not followed."""
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            entries = list(os.scandir(os.path.join(top, folder)))
        except OSError:
            continue
        for entry in entries:
            inner = os.path.join(folder, entry.name)
            try:
                size = entry.stat(follow_symlinks=False).st_size
            except OSError:
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(inner)
            else:
                yield inner, size


def matches(path: str, pattern: str) -> bool:
    """Whether a file pattern with ``*``, ``?`` and ``**/`` fits the path or its name.

    Own matcher: ``fnmatch`` imports ``re``, which costs more than the whole listing.
    """
    if "/" not in pattern:
        path = os.path.basename(path)
    return _fits(path, pattern) or (
        "**/" in pattern and _fits(path, pattern.replace("**/", ""))
    )


def _fits(text: str, pattern: str) -> bool:
    # Two marks, one step back to the latest star: never exponential.
    at = mark = star = base = 0
    seen = False
    while at < len(text):
        letter = pattern[star : star + 1]
        if letter == "*":
            seen, mark, base = True, at, star
            star += 1
        elif letter and letter in ("?", text[at]):
            at, star = at + 1, star + 1
        elif seen:
            mark += 1
            at, star = mark, base + 1
        else:
            return False
    return not pattern[star:].strip("*")


def remove(config: dict[str, Any], *, path: str) -> Reply:
    """Remove one file, link or folder with all that is in it."""
    full = locate(config, path)
    if stat.S_ISDIR(os.lstat(full).st_mode):
        empty(full)
        os.chdir("/")
        os.rmdir(full)
    else:
        os.unlink(full)
    return Reply()


def empty(folder: str) -> None:
    """Remove everything in a folder, however deep and whatever its modes.

    Walks by changing directory, so that neither the longest path nor recursion is a
    limit. Changes the process's own folder.
    """
    os.chdir(folder)
    trail: list[str] = []
    while True:
        inner = _remove_files()
        if inner is not None:
            os.chmod(inner, 0o700)
            os.chdir(inner)
            trail.append(inner)
        elif trail:
            os.chdir("..")
            os.rmdir(trail.pop())
        else:
            return


def _remove_files() -> str | None:
    """Remove files of the current folder until a folder is met; return its name."""
    with os.scandir(".") as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                return entry.name
            os.unlink(entry.name)
    return None


def reset(config: dict[str, Any]) -> Reply:
    """Empty the box's own folders; in a verification, lay the submission anew."""
    for folder in config["scratch"]:
        empty(folder)
    os.chdir("/")
    os.mkdir(config["home"], 0o700)
    if config["submission"]:
        copy(config["submission"], config["workspace"])
    return Reply()


def clear(config: dict[str, Any]) -> Reply:
    """Empty the box's own folders for good."""
    for folder in config["scratch"]:
        empty(folder)
    return Reply()


def copy(source: str, target: str) -> None:
    """Copy a tree: folders, regular files and links as links; owner may write."""
    with os.scandir(source) as entries:
        for entry in entries:
            to = os.path.join(target, entry.name)
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                os.mkdir(to)
                copy(entry.path, to)
                os.chmod(to, mode & 0o777 | 0o700)
            elif stat.S_ISREG(mode):
                _copy_file(entry.path, to, mode & 0o777 | 0o600)
            elif stat.S_ISLNK(mode):
                os.symlink(os.readlink(entry.path), to)


def _copy_file(source: str, target: str, mode: int) -> None:
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.fchmod(writing, mode)
    while chunk := os.read(reading, 1 << 20):
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(writing, rest) :]
    os.close(reading)
    os.close(writing)


OPERATIONS: dict[str, Callable[..., Reply]] = {
    "run": run,
    "read": read,
    "write": write,
    "list": list_files,
    "remove": remove,
    "reset": reset,
    "clear": clear,
}
