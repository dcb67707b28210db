"""What comes out of a box, read strictly: it may have been written by anyone in it."""

from __future__ import annotations

import array
import errno
import os
import socket
import struct
import time
from typing import Any

from pytest_overnight.sandbox.inside.helper import READY

Reply = tuple[tuple[int, int, int, int], bytes, bytes]
"""Four numbers and two byte strings."""

_HEAD = struct.Struct("<c6q")


def exactly(sock: socket.socket, size: int) -> bytes:
    """So many bytes; ``ConnectionError`` when the other end closes before."""
    data = bytearray()
    while len(data) < size:
        chunk = sock.recv(size - len(data))
        if not chunk:
            raise ConnectionError("end of file")
        data += chunk
    return bytes(data)


class Reader:
    """Strict reading of one reply: sizes, tag and numbers are checked before use."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self.sock = sock
        self.deadline = time.monotonic() + seconds

    def exactly(self, size: int) -> bytes:
        """So many bytes, before the deadline of the whole reply."""
        data = bytearray()
        while len(data) < size:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no reply in time")
            self.sock.settimeout(left)
            chunk = self.sock.recv(min(size - len(data), 1 << 20))
            if not chunk:
                raise ConnectionError("end of file")
            data += chunk
        return bytes(data)

    def reply(self, most: int) -> Reply | int:
        """Numbers and byte strings, or the number of an operating system error."""
        tag, a, b, c, d, first, second = _HEAD.unpack(self.exactly(_HEAD.size))
        if tag == b"-" and (b, c, d, first, second) == (0, 0, 0, 0, 0):
            return a if a in errno.errorcode else errno.EIO
        sound = tag == b"+" and min(b, c, d, first, second) >= 0
        if not sound or c > 1 or not -64 <= a <= 255 or first + second > most:
            raise ConnectionError("malformed reply")
        return (a, b, c, d), self.exactly(first), self.exactly(second)


# Linux only; elsewhere there is no box with process ids of its own either.
_PASSCRED = getattr(socket, "SO_PASSCRED", None)
_CREDENTIALS = getattr(socket, "SCM_CREDENTIALS", None)


def identify(sock: socket.socket, on: bool) -> None:
    """Whether the kernel tells us who wrote what we receive."""
    if _PASSCRED is not None:
        sock.setsockopt(socket.SOL_SOCKET, _PASSCRED, int(on))


def ready(sock: socket.socket) -> int:
    """Wait for a child's first bytes; its process id as *our* kernel view has it."""
    data, ancillary, _, _ = sock.recvmsg(5, socket.CMSG_SPACE(12))
    if len(data) != 5 or data[:1] != READY:
        raise ConnectionError("it ended before it was ready")
    for _, kind, payload in ancillary:
        if kind == _CREDENTIALS:
            return array.array("i", payload[:12])[0]
    return int.from_bytes(data[1:], "little")


def listing(data: bytes) -> list[list[Any]]:
    """``[[path, size], …]`` of null-separated names and sizes."""
    parts = data.split(b"\0")
    ended = len(parts) % 2 == 1 and not parts.pop()
    if not ended or not all(p.isdigit() and len(p) < 20 for p in parts[1::2]):
        raise OSError(errno.EIO, "malformed listing")
    names = map(os.fsdecode, parts[0::2])
    return [[name, int(size)] for name, size in zip(names, parts[1::2], strict=True)]
