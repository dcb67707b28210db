"""File operations, each run by a child of the helper.

A child reads one request from its own socket, does it, writes one reply and ends.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from pytest_overnight.sandbox.inside.command import run
from pytest_overnight.sandbox.inside.reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from typing import Any

    from pytest_overnight.sandbox.inside.walls import Walls

MOST_ENTRIES = 20_000
CHECK_BYTES = 1000
AHEAD_NS = 1_000_000_000


def perform(request: dict[str, Any], config: dict[str, Any], walls: Walls) -> bytes:
    """Do one request; what the operating system refuses is a reply, too."""
    operation = request.pop("operation")
    try:
        if operation == "run":
            # Who ends a command stays out of its walls: it must see and reach it all.
            return run(config, walls, **request).encode(b"+")
        walls.enter()
        return OPERATIONS[operation](config, **request).encode(b"+")
    except OSError as error:
        return Reply(error.errno or errno.EIO).encode(b"-")
    except ValueError:  # a null byte or a lone surrogate in a name
        return Reply(errno.EINVAL).encode(b"-")
    except MemoryError:
        return Reply(errno.ENOMEM).encode(b"-")


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


def check(config: dict[str, Any], *, path: str) -> Reply:
    """Line number, blank, problem that Python has with a source file; empty: none.

    Nothing is run. Here in a child, since deep nesting can end the interpreter.
    """
    import warnings  # loaded where it is needed: most children never do

    source = read(config, path=path).first
    warnings.simplefilter("ignore")
    try:
        compile(source, "file", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        problem = f"{line} {getattr(error, 'msg', error)}"
        return Reply(first=problem.encode("utf-8", "replace")[:CHECK_BYTES])
    except (RecursionError, OverflowError):
        pass  # its form may be well; it is only too deep for this
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
    os.chmod(folder, 0o700)
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
        _strip(folder, 0o1777 if config["init"] else 0o755)
    os.chdir("/")
    os.mkdir(config["home"], 0o700)
    if config["submission"]:
        copy(config["submission"], config["workspace"])
    for folder in (config["home"], *config["scratch"]):
        _as_if_read(folder)
    return Reply()


def _strip(folder: str, mode: int) -> None:
    """Take away what agent code may have fixed to a folder that stays."""
    os.chmod(folder, mode)
    if not hasattr(os, "listxattr"):
        return
    for name in os.listxattr(folder):
        try:
            os.removexattr(folder, name)
        except OSError:
            pass  # one of the system's own


def _as_if_read(path: str) -> None:
    """Set the time of the last access ahead, so that reading does not change it.

    Else a test could tell by it what the test before has read.
    """
    state = os.lstat(path)
    times = (time.time_ns() + AHEAD_NS, state.st_mtime_ns)
    os.utime(path, ns=times, follow_symlinks=False)


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
            else:
                continue
            _as_if_read(to)


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
    "read": read,
    "write": write,
    "check": check,
    "list": list_files,
    "remove": remove,
    "reset": reset,
    "clear": clear,
}
