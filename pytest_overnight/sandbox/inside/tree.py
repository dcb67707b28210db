"""Process trees: ask the kernel for what is below a process, and end it."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SIGKILL = 9
SIGSTOP = 19 if sys.platform == "linux" else 17


def children(pid: int) -> list[int]:
    """Process ids of the direct children; empty where the process is gone."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as listing:
                found += map(int, listing.read().split())
        except OSError:
            pass  # this thread has ended meanwhile; the others have not
    return found


def descendants(pid: int) -> list[int]:
    """Process ids of everything below a process, parents before children."""
    found = children(pid)
    for one in found:  # grows while it is read
        found += children(one)
    return found


def signal_all(pids: list[int], number: int) -> None:
    """Send a signal to each process that is still there and may be signalled."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass


def end_children(reap: Callable[[], bool], seconds: float) -> int:
    """Kill and reap everything below this process, to the last child.

    This process must be a subreaper (or process 1), so that what loses its parent
    becomes its child. ``reap`` collects the dead without waiting and says whether a
    child is left. Returns how many were still alive; raises ``TimeoutError`` when
    something outlives ``seconds`` (a process stuck in the kernel).
    """
    killed: set[int] = set()
    limit = time.monotonic() + seconds
    while reap():
        below = descendants(os.getpid())
        # Stopped first: a process that cannot run cannot fork away from the walk.
        signal_all(below, SIGSTOP)
        signal_all(below, SIGKILL)
        killed.update(below)
        if time.monotonic() > limit:
            raise TimeoutError(f"{len(below)} processes could not be killed")
        time.sleep(0.001)
    return len(killed)
