"""Frames between the deciding process and a child: how long, and no longer.

Four bytes of length, little-endian, then the body. Strictly one frame in flight on a
socket. The same text runs on both sides, see ``program.py``.
"""

from __future__ import annotations

from posix import read as posix_read
from posix import write as posix_write

REPLY_CAP = 8 << 20
"""Bytes of one reply; JSON of that size may grow to 200 MB when decoded."""
REQUEST_CAP = 64 << 20


class Unfit(Exception):
    """A value or a text that is refused; the message says why."""


class TooBig(Unfit):
    """Over a cap."""


def read_frame(fd: int, cap: int) -> bytes | None:
    """The body of the next frame; None at end of file between frames.

    One system call for a small frame. Raises :class:`Unfit` when more than one frame
    has come, or half of one and then the end, :class:`TooBig` over ``cap``.
    """
    first = posix_read(fd, 65536)
    if not first:
        return None
    while len(first) < 4:
        more = posix_read(fd, 65536)
        if not more:
            raise Unfit("half a frame")
        first += more
    size = int.from_bytes(first[:4], "little")
    if len(first) == size + 4:
        return first[4:]
    if size > cap:
        raise TooBig(f"a frame of {size} bytes, the cap is {cap}")
    return _read_rest(fd, size + 4, bytearray(first))


def _read_rest(fd: int, size: int, found: bytearray) -> bytes:
    while len(found) < size:
        more = posix_read(fd, min(size - len(found), 1 << 20))
        if not more:
            raise Unfit("half a frame")
        found += more
    if len(found) > size:
        raise Unfit("two frames at once")
    return bytes(memoryview(found)[4:])


def write_frame(fd: int, frame: bytes) -> None:
    """Send a whole frame: one system call unless the socket is full."""
    sent = posix_write(fd, frame)
    while sent < len(frame):
        sent += posix_write(fd, memoryview(frame)[sent : sent + (1 << 20)])
