"""What runs share on one machine: slots at the model server.

A slot is a locked file; the kernel frees it when its holder dies, however that
happens. Workers of one session and of parallel sessions meet at the same files.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.05


def slots_folder(host: str) -> Path:
    """This user's folder for the slots of one model server."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    key = hashlib.sha256(host.encode()).hexdigest()[:12]
    folder = Path(base) / f"pytest-overnight-{os.getuid()}"
    folder.mkdir(exist_ok=True, mode=0o700)
    (folder / f"slots-{key}").mkdir(exist_ok=True, mode=0o700)
    return folder / f"slots-{key}"


@contextmanager
def model_slot(
    folder: Path, slots: int, sleep: Callable[[float], None] = time.sleep
) -> Iterator[float]:
    """Hold one of ``slots``; yields the seconds waited for it."""
    started = time.monotonic()
    queue = os.open(folder / "queue", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Only the head of the queue looks for a slot: otherwise whoever has just
        # given one up takes it again, and a waiting run may wait all night.
        fcntl.flock(queue, fcntl.LOCK_EX)
        while (descriptor := _try_each(folder, slots)) is None:
            sleep(POLL_SECONDS)
    finally:
        os.close(queue)
    try:
        yield time.monotonic() - started
    finally:
        os.close(descriptor)


def _try_each(folder: Path, slots: int) -> int | None:
    for number in range(slots):
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(folder / f"slot-{number}", flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
        else:
            return descriptor
    return None
