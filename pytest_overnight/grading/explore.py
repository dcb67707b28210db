"""Two trusted probes: a preemption at every opcode, a crash at every opcode.

The child does the stopping, so agent code could switch it off: too few stops are a
failed test.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from pytest_overnight.grading.crew import Job
from pytest_overnight.grading.errors import CodeTooBig

if TYPE_CHECKING:
    from pytest_overnight.grading.handle import Handle
    from pytest_overnight.grading.remote import Code

LEAST_STOPS = 3
MOST_STOPS = 2000
PATIENCE_SECONDS = 0.02
State = Mapping[str, bytes]
"""The files of a folder: path → content."""


@dataclass(frozen=True, slots=True)
class Interleaving:
    """One schedule: the first call stopped once, the second ran meanwhile."""

    stop: int
    """The first call stopped before its opcode of that number, from 1."""
    handle: Handle
    first: Job
    second: Job


def interleavings(
    code: Code,
    make: Any,
    first: tuple[Any, ...],
    second: tuple[Any, ...],
    within: str,
) -> Iterator[Interleaving]:
    """See ``Code.interleavings``."""
    for stop in range(1, MOST_STOPS + 1):
        found = _one_schedule(code, make(), first, second, within, stop)
        if found is None:
            if stop <= LEAST_STOPS:
                raise AssertionError(f"only {stop - 1} stops seen in {within}")
            return
        yield found
    raise CodeTooBig(f"more than {MOST_STOPS} stops in {within}")


def _one_schedule(
    code: Code,
    handle: Handle,
    first: tuple[Any, ...],
    second: tuple[Any, ...],
    within: str,
    stop: int,
) -> Interleaving | None:
    """None when the first call ended before that stop."""
    moved, gate, stopped = threading.Event(), code.gate(), []

    def hold() -> None:
        stopped.append(True)
        moved.set()
        gate.wait()

    def run_first() -> Any:
        try:
            return code.traced(handle, first, within, stop, hold)
        finally:
            moved.set()

    with code.crew() as crew:
        one = crew.start(run_first)
        moved.wait()
        if not stopped:
            one.result()
            return None
        other = crew.start(getattr(handle, second[0]), *second[1:])
        if not other.ended_within(PATIENCE_SECONDS):
            crew.settle()  # it waits for a lock that the first one holds
        gate.open()
        one.wait()
        other.wait()
        one.looked_at = other.looked_at = True
    return Interleaving(stop, handle, one, other)


def crash_states(found: list[dict[str, tuple[int, bytes]]]) -> list[State]:
    """The states a crash may leave, torn writes among them, each once.

    ``found``: what the child saw, path → ``(inode, bytes)``. A file that changed and
    kept its inode was written in place: it may also be left empty or half written. A
    file with another inode was put there by a rename, which is whole or not at all.
    """
    states: list[State] = []
    before: dict[str, tuple[int, bytes]] = {}
    for now in found:
        plain = {path: data for path, (_, data) in now.items()}
        for path, (inode, data) in now.items():
            old = before.get(path)
            if old is not None and old[0] == inode and old[1] != data:
                states += [
                    {**plain, path: b""},
                    {**plain, path: data[: len(data) // 2]},
                ]
        states.append(plain)
        before = now
    return [s for n, s in enumerate(states) if s not in states[:n]]
