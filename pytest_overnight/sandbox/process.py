"""The levels without namespaces: the helper on the host itself.

The process level has no walls but, as root, another user's id. It keeps honest agents
apart (own session, own HOME and TMPDIR, built environment) and protects nothing more:
files, network and processes of its user are open to agent code. The Landlock level is
the same with the walls of :mod:`pytest_overnight.sandbox.landlock`.
"""

from __future__ import annotations

import os
from pathlib import Path

from pytest_overnight.sandbox.runtime import Runtime

FLOOD = 1000


def environment(runtime: Runtime, scratch: Path) -> dict[str, str]:
    """The whole environment of the helper and all it starts."""
    return {
        "PATH": f"{runtime.root}/bin:/usr/bin:/bin",
        "HOME": f"{scratch}/tmp/home",
        "TMPDIR": f"{scratch}/tmp",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def folders(scratch: Path) -> tuple[Path, Path]:
    """Make and return the temporary folder and the copy's folder."""
    made = scratch / "tmp", scratch / "ws"
    for folder in (*made, made[0] / "home"):
        folder.mkdir()
    return made


def most_processes() -> int:
    """A bound for RLIMIT_NPROC that stops a flood, not the user's own work.

    The kernel counts all processes and threads of the user, also those outside; the
    box's own number is held by its watch.
    """
    total = FLOOD
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid == os.getuid():
                fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
                total += int(fields[17])  # num_threads, the 20th field of proc(5)
        except (OSError, IndexError):
            continue
    return total
