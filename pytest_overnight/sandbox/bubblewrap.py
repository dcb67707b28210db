"""The bubblewrap level: what a box sees, as arguments of ``bwrap``.

Reads are allowed by list, not forbidden by list: system programs, the interpreter and
the runtime, nothing else. Where a folder that must stay hidden lies beneath one of
these (the harness installed in the same prefix, a checkout under ``/usr/local``), an
empty folder is laid over it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.runtime import Runtime

WORKSPACE = "/ws"
SUBMISSION = "/submission"
RUNTIME = "/runtime"
HOME = "/tmp/home"
SCRATCH = ("/tmp", "/dev/shm")

SHARED_MEMORY_MB = 16
USER_ID = "1000"

ENVIRONMENT = {
    "PATH": f"{RUNTIME}/bin:/usr/bin:/bin",
    "HOME": HOME,
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}

_ISOLATION = (
    "--unshare-user --disable-userns --unshare-pid --unshare-net --unshare-ipc "
    "--unshare-uts --unshare-cgroup-try --die-with-parent --new-session --as-pid-1 "
    f"--hostname box --uid {USER_ID} --gid {USER_ID} --cap-drop ALL --clearenv"
).split()


def command(
    plan: BoxPlan, runtime: Runtime, folder: Path, hidden: Sequence[Path]
) -> list[str]:
    """``bwrap`` and its arguments, up to the program to be run.

    ``folder``: where the plan's workspace or submission really lies.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise BoxError("bubblewrap is not installed: no bwrap on PATH")
    for own in SCRATCH:
        if _beneath(runtime.base_prefix, own):
            raise BoxError(f"{runtime.base_prefix}: the box has a {own} of its own")
    fixed = _isolation(runtime, tuple(map(str, hidden)))
    return [program, *fixed, *_folders(plan, folder), "--remount-ro", "/", "--"]


@lru_cache
def _isolation(runtime: Runtime, hidden: tuple[str, ...]) -> tuple[str, ...]:
    """The part that is the same for every box."""
    arguments = list(_ISOLATION)
    for name, value in ENVIRONMENT.items():
        arguments += ["--setenv", name, value]
    arguments += _programs(runtime, hidden)
    arguments += ["--ro-bind", str(runtime.root), RUNTIME]
    for file in ("passwd", "group", "hosts"):
        arguments += ["--symlink", f"{RUNTIME}/etc/{file}", f"/etc/{file}"]
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    arguments += _memory("/dev/shm", SHARED_MEMORY_MB)
    return (*arguments, "--remount-ro", "/dev")


def _programs(runtime: Runtime, hidden: tuple[str, ...]) -> list[str]:
    """System programs and the interpreter, read-only, with the masks laid over."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        top = Path("/", name)
        if top.is_symlink():
            arguments += ["--symlink", str(top.readlink()), str(top)]
        elif top.is_dir():  # a system without merged /usr
            arguments += ["--ro-bind", str(top), str(top)]
    for path in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"):
        arguments += ["--ro-bind-try", path, path]
    masks = _masks("/usr", hidden)
    prefix = runtime.base_prefix
    arguments += [word for mask in masks for word in _cover(mask)]
    if not _beneath(prefix, "/usr") or any(_beneath(prefix, mask) for mask in masks):
        inner = _masks(prefix, hidden)
        arguments += ["--ro-bind", prefix, prefix]
        arguments += [word for mask in inner for word in _cover(mask)]
        masks += inner
    # Last, for a mask may have had to hold the mount point of another.
    return arguments + [word for mask in masks for word in ("--remount-ro", mask)]


def _masks(top: str, hidden: tuple[str, ...]) -> list[str]:
    """Folders beneath ``top`` to be shown empty; none lies within another."""
    real = {os.path.realpath(path) for path in hidden}
    below = {p for p in real if p != top and _beneath(p, top) and Path(p).exists()}
    inner = {p for p in below if any(p != q and _beneath(p, q) for q in below)}
    return sorted(below - inner)


def _beneath(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _cover(folder: str) -> list[str]:
    if not Path(folder).is_dir():
        return ["--ro-bind", "/dev/null", folder]
    return ["--perms", "0555", "--size", "65536", "--tmpfs", folder]


def _memory(folder: str, size_mb: int) -> list[str]:
    """A writable folder of the box's own, with a hard size."""
    return ["--perms", "1777", "--size", str(size_mb << 20), "--tmpfs", folder]


def _folders(plan: BoxPlan, folder: Path) -> list[str]:
    """The folders that one phase works in."""
    arguments = [*_memory("/tmp", plan.limits.tmp_mb), "--perms", "0700", "--dir", HOME]
    if plan.submission is not None:
        arguments += _memory(WORKSPACE, plan.limits.workspace_mb)
        arguments += ["--ro-bind", str(folder), SUBMISSION]
    else:
        arguments += ["--bind", str(folder), WORKSPACE]
    return [*arguments, "--chdir", WORKSPACE]
