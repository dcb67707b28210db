"""Removing what agent code left, whatever it is.

``shutil.rmtree`` recurses, holds a descriptor a level, and cannot enter a folder that
was closed; a thousand nested folders end it with ``RecursionError``.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path

from pytest_overnight.sandbox.inside.folder import open_folder

DEPTH = 32
"""Folders held open at a time; what lies deeper is moved to the top first."""
PASSES = 1000
PATIENCE = 10
"""Passes that removed nothing, after which it is given up."""


def remove_tree(folder: Path) -> None:
    """Remove a folder whatever agent code did in it: depth, modes, names, links.

    Goes by descriptors and follows no link, also when one is put in its way meanwhile.
    What is not there is no fault; raises :class:`OSError` where something stays.
    """
    problem: OSError | None = None
    idle = 0
    for _ in range(PASSES):
        removed = 0
        try:
            if not folder.is_dir() or folder.is_symlink():
                folder.unlink(missing_ok=True)
                return
            with opened(str(folder)) as top:
                removed = _empty(top, top)
            folder.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError as found:
            problem = found
        idle = 0 if removed else idle + 1
        if idle == PATIENCE:
            break
    raise OSError(f"{folder}: cannot be removed ({problem}). Remove it by hand.")


def try_to_remove(folder: Path) -> None:
    """Remove a temporary folder of ours; what cannot be removed is no fault, and stays.

    Something that was killed a moment ago may hold it.
    """
    with suppress(OSError):
        remove_tree(folder)


def _empty(folder: int, top: int, depth: int = 0) -> int:
    """Remove what can be removed, move what lies too deep to the top; how many."""
    with os.scandir(folder) as found:
        entries = [(e.name, e.is_dir(follow_symlinks=False)) for e in found]
    done = 0
    for name, is_folder in entries:
        with suppress(OSError):
            if not is_folder:
                os.unlink(name, dir_fd=folder)
            elif depth < DEPTH:
                with opened(name, folder) as inner:
                    done += _empty(inner, top, depth + 1)
                os.rmdir(name, dir_fd=folder)
            else:
                with opened(name, folder):
                    pass  # who may not write in a folder may not move it
                new = secrets.token_hex()
                os.rename(name, new, src_dir_fd=folder, dst_dir_fd=top)
            done += 1
    return done


@contextmanager
def opened(name: str, within: int | None = None) -> Iterator[int]:
    """A folder itself, never what a link names; one that is closed is opened up."""
    descriptor = open_folder(name, within)
    try:
        mode = os.fstat(descriptor).st_mode
        if mode & 0o700 != 0o700:
            os.fchmod(descriptor, 0o700)
        yield descriptor
    finally:
        os.close(descriptor)
