"""The user that agent code runs as, where the harness runs as root.

A box gets a user id of its own: no file, process or resource limit of anybody else is
then its to touch, not even of another box. Who is no root cannot give a process away;
there agent code has the user's own id, and other walls must hold.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from pathlib import Path
from typing import IO

from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.removal import remove_tree

FIRST_ID = 60_800
COUNT = 100
"""A range that systemd (systemd.io/UIDS-GIDS) and Debian leave free."""

LOCKS = Path("/run/pytest-overnight")
"""Root's alone: agent code must not be able to keep ids from others."""


class BoxUser:
    """A user and group id that no other box has; given back by :meth:`close`."""

    def __init__(self) -> None:
        """Raises :class:`BoxError` when all are in use."""
        try:
            LOCKS.mkdir(mode=0o700, exist_ok=True)
            for number in range(FIRST_ID, FIRST_ID + COUNT):
                held = _lock(LOCKS / str(number))
                if held is not None:
                    self.id, self._held = number, held
                    return
        except OSError as problem:
            raise BoxError(
                f"cannot keep account of user ids in {LOCKS}: {problem.strerror}"
            ) from problem
        raise BoxError(f"all {COUNT} user ids for boxes are in use")

    def close(self) -> None:
        """Let another box have the id."""
        self._held.close()

    def own(self, folder: Path) -> None:
        """Make everything in a folder belong to this user; follows no link.

        Only for folders that no agent code has touched: it could have put a hard link
        to somebody else's file there.
        """
        for _, _, files, descriptor in os.fwalk(folder):
            os.fchown(descriptor, self.id, self.id)
            for name in files:
                os.chown(
                    name, self.id, self.id, dir_fd=descriptor, follow_symlinks=False
                )
        folder.chmod(0o700)

    def lend(self, folder: Path) -> None:
        """Let this user, and no other but root, read a folder that is root's."""
        for _, _, files, descriptor in os.fwalk(folder):
            os.fchmod(descriptor, 0o755)
            for name in files:
                mode = os.lstat(name, dir_fd=descriptor).st_mode
                if stat.S_ISREG(mode):
                    os.chmod(name, 0o755 if mode & 0o100 else 0o644, dir_fd=descriptor)
        os.chown(folder, 0, self.id)
        folder.chmod(0o750)


def _lock(path: Path) -> IO[bytes] | None:
    """The file, locked as long as it is open; ``None`` when another holds it."""
    held = path.open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        return None
    return held


def why_root(*needed: Path) -> str:
    """Why a box of root's cannot have a user id of its own here; empty when it can.

    ``needed``: what the box's user must be able to read.
    """
    last = FIRST_ID + COUNT - 1
    for file in ("uid_map", "gid_map"):
        ranges = [line.split() for line in _lines(Path("/proc/self", file))]
        spans = [(int(first), int(count)) for first, _, count in ranges]
        if not any(low <= FIRST_ID and last < low + count for low, count in spans):
            return f"user ids {FIRST_ID} to {last} do not exist in this container"
    for path in needed:
        closed = closed_to_others(path)
        if closed:
            return f"{path} lies in {closed}, which only root may enter"
    return ""


def closed_to_others(path: Path) -> str:
    """The topmost folder on the way to a path that other users may not pass."""
    for folder in reversed(path.resolve().parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return str(folder)
    return ""


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:  # a kernel without user namespaces
        return ["0 0 4294967295"]


_ELSEWHERE = "overnight-workspaces-"


def make_reachable(folder: Path) -> None:
    """Make a folder that the users of boxes may pass through.

    Where root's results lie in a place that only root may enter, it becomes a link to
    a folder among the system's temporary ones.
    """
    if os.geteuid() == 0 and closed_to_others(folder):
        elsewhere = Path(tempfile.mkdtemp(prefix=_ELSEWHERE))
        folder.symlink_to(elsewhere)
    else:
        folder.mkdir(exist_ok=True)
    # Nobody else may reach a program there that bears its owner's rights.
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)


def remove_reachable(folder: Path) -> None:
    """Remove what :func:`make_reachable` made, also for a session that was killed.

    A link to anything else goes alone. Raises :class:`OSError` where something stays.
    """
    places = [folder]
    if folder.is_symlink() and _is_ours(target := folder.readlink()):
        places.append(target)
    for place in places:
        remove_tree(place)


def _is_ours(target: Path) -> bool:
    named = target.name.startswith(_ELSEWHERE) and target.is_dir()
    return named and target.stat().st_uid == os.geteuid()
