"""Opening a folder of agent code's, which may be closed, or a link by now."""

from __future__ import annotations

import os

_FLAGS = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_folder(name: str, within: int | None = None) -> int:
    """A descriptor of the folder itself, never of what a link names.

    One that even its owner may not read is opened up. Raises :class:`OSError`, also
    where there is no folder any more.
    """
    try:
        return os.open(name, os.O_RDONLY | _FLAGS, dir_fd=within)
    except PermissionError:
        held = os.open(name, os.O_PATH | _FLAGS, dir_fd=within)
    try:
        # By descriptor: the name may lead elsewhere by now.
        os.chmod(f"/proc/self/fd/{held}", 0o700)
        return os.open(".", os.O_RDONLY | _FLAGS, dir_fd=held)
    finally:
        os.close(held)
