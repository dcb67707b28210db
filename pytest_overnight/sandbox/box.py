"""The box: what the rest of the harness may ask of a sandbox.

One box serves one phase of one run (the try, or the verification). Inside it a small
helper is process 1; it forks a child for every request, so that commands, file tools
and hidden-test children all meet the same walls. See ``docs/architecture.md``.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one box; per process unless said otherwise."""

    cpu_seconds: int = 60
    """RLIMIT_CPU of each command or child."""
    memory_mb: int = 2048
    """RLIMIT_AS."""
    file_mb: int = 64
    """RLIMIT_FSIZE."""
    open_files: int = 256
    processes: int = 128
    """All of the box, threads included where the kernel counts them (RLIMIT_NPROC)."""
    memory_sum_mb: int = 2048
    """Memory of all processes of the box together."""
    workspace_mb: int = 256
    """Disk space of the folders that the box may write."""
    workspace_files: int = 20_000
    """Files and folders in them."""
    tmp_mb: int = 64
    """Size of the box's own /tmp."""
    output_kb: int = 64
    """Output kept of one command: first and last half; the rest is drained, counted."""


EXCEEDED = {
    "memory": "all processes together used too much memory",
    "processes": "there were too many processes",
    "disk": "the files took too much space",
    "files": "there were too many files",
}
"""Limits of the whole box, and what is said of one that ended something."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What one command in the box did."""

    status: int
    """Exit status; minus the signal's number when a signal ended it."""
    out: bytes
    """Standard output, capped (both streams in order when merged)."""
    err: bytes
    """Standard error, capped; empty when merged."""
    seconds: float
    timed_out: bool = False
    dropped_bytes: int = 0
    """Bytes of output beyond the cap, drained and thrown away."""
    limit: str = ""
    """Key of :data:`EXCEEDED` when a limit of the whole box ended it, else empty."""


@dataclass(frozen=True, slots=True)
class BoxChild:
    """A child forked in the box, with the harness's end of its socket."""

    socket: socket.socket
    """Stream socket; the child holds the other end. Closing it ends its work."""
    pid: int
    """Process id as the harness's kernel view numbers it (from SCM_CREDENTIALS); the
    box's own number where there is no pid namespace."""


@dataclass(frozen=True, slots=True)
class BoxPlan:
    """How to open a box."""

    level: str
    """``bubblewrap`` or ``process``; proved by ``probe.prove`` beforehand."""
    workspace: Path | None = None
    """Try phase: this folder, writable, is the box's working folder."""
    submission: Path | None = None
    """Verify phase: this folder, read-only; ``Box.reset`` makes a fresh writable copy
    of it the working folder. Exactly one of the two is given."""
    programs: Mapping[str, Path] = field(default_factory=dict)
    """Name → trusted Python source file with ``main(sock, arguments)``, run by
    ``Box.spawn`` in a forked child. Standard library only; sent compiled."""
    limits: Limits = field(default_factory=Limits)


class BoxError(Exception):
    """The box itself failed (not the agent's code in it): a harness fault."""


class BoxGone(BoxError):
    """The helper inside died, e.g. killed from within: the box must be opened anew."""


class Box(Protocol):
    """One open box. All methods raise :class:`BoxError` when the box itself fails."""

    level: str
    workspace: str
    """Path of the working folder as agent code sees it (``/ws`` under bubblewrap)."""

    def run(
        self,
        argv: Sequence[str] | str,
        *,
        timeout: float,
        stdin: bytes = b"",
        env: Mapping[str, str] = {},
        merge: bool = False,
    ) -> CommandResult:
        """Run one command in the working folder; text is given to ``sh -c``.

        Everything the command leaves running is killed before this returns, unless
        other children of this box are alive. ``timeout`` is wall seconds.
        """
        ...

    def call(self, operation: str, **arguments: Any) -> Any:
        """One file operation, run inside the box by a forked child.

        ``read(path) -> bytes``, ``write(path, data) -> None`` (parents are made),
        ``list(path, pattern) -> [[path, size], …]``, ``remove(path)``,
        ``check(path) -> "line problem"`` (what Python cannot read in a source file;
        empty: nothing; nothing is run). Paths are
        relative to the working folder. What the operating system refuses arrives as
        ``OSError`` of the same errno.
        """
        ...

    def spawn(self, program: str, **arguments: Any) -> BoxChild:
        """Fork a child that runs ``main(sock, arguments)`` of a named program."""
        ...

    def sweep(self) -> int:
        """Kill and reap everything in the box but the helper; return how many."""
        ...

    def limit_met(self) -> str:
        """Which limit of the whole box ended something since the last time asked.

        A key of :data:`EXCEEDED`; empty for none.
        """
        ...

    def reset(self) -> None:
        """Sweep, empty the box's temporary folders, lay the submission anew.

        Raises :class:`BoxGone` where something was left that only a new box is rid of.
        """
        ...

    def close(self) -> None:
        """End the box and every process in it; safe to call twice."""
        ...
