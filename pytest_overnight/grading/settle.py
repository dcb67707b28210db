"""Wait until nothing moves: every thread asleep, as the kernel says."""

from __future__ import annotations

import threading
import time
from pathlib import Path

LOOK_SECONDS = 0.005
LOOKS = 4
"""Looks that must agree."""
STILL_SECONDS = 0.5
"""So long we want threads that do not even wake; then it is enough that they sleep."""
GIVE_UP_SECONDS = 3.0


_looking: set[int] = set()
"""Threads of this process that look just now; they do not disturb each other."""


def settle(pids: list[int]) -> bool:
    """Wait until all threads of ``pids`` sleep, but those that call this.

    True when they do; False when they went on moving for three seconds, or where the
    kernel does not tell. It never fails a test: without it a race may go unseen.
    """
    me = threading.get_native_id()
    _looking.add(me)
    try:
        return _settle(pids)
    finally:
        _looking.discard(me)


def _settle(pids: list[int]) -> bool:
    start = time.monotonic()
    before: dict[str, str] | None = None
    agreed = 0
    while (waited := time.monotonic() - start) < GIVE_UP_SECONDS:
        seen = _look(pids)
        if seen is None:
            time.sleep(LOOK_SECONDS * LOOKS)
            return False
        asleep = all(state[0] not in "RD" for state in seen.values())
        still = seen == before or waited > STILL_SECONDS
        agreed = agreed + 1 if asleep and still else 0
        if agreed >= LOOKS - 1:
            return True
        before = seen
        time.sleep(LOOK_SECONDS)
    return False


def _look(pids: list[int]) -> dict[str, str] | None:
    """Thread → its state letter and run counters; None without Linux's ``/proc``."""
    seen: dict[str, str] = {}
    for pid in pids:
        folder = Path(f"/proc/{pid}/task")
        try:
            threads = list(folder.iterdir())
        except FileNotFoundError:
            if Path("/proc/self/task").is_dir():
                continue  # the process ended
            return None
        for thread in threads:
            if int(thread.name) not in _looking:
                seen[thread.name] = _state(thread)
    return seen


def _state(folder: Path) -> str:
    try:
        letter = (folder / "stat").read_text().rpartition(") ")[2][:1]
        return letter + (folder / "schedstat").read_text()
    except OSError:  # ended, or a kernel without these counters
        return "S"
