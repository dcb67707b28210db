"""What runs share on one machine: slots at the model server.

A slot is a locked file; the kernel frees it when its holder dies, however that
happens. Workers of one session and of parallel sessions meet at the same files.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.05


class Slot:
    """A place at the model server, or, without a descriptor, leave to go on anyhow."""

    def __init__(self, descriptor: int | None = None, waited: float = 0.0) -> None:
        """``descriptor``: of the locked file, closed by :meth:`release`."""
        self.waited = waited
        """Seconds in the queue."""
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the next run have it; safe to call twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def model_slot(
    folder: Path, slots: int, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Slot]:
    """Hold one of ``slots``, at the longest until the block is left."""
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
    slot = Slot(descriptor, time.monotonic() - started)
    try:
        yield slot
    finally:
        slot.release()


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
