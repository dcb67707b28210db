"""Length-prefixed JSON between two processes of the harness."""

from __future__ import annotations

import json
import socket
from typing import Any

MOST_BYTES = 256 * 1024 * 1024


def send(sock: socket.socket, message: dict[str, Any]) -> None:
    """Write one message; ``TypeError`` or ``ValueError`` when it is not plain JSON."""
    data = json.dumps(message).encode()
    sock.sendall(len(data).to_bytes(4, "little") + data)


def receive(sock: socket.socket) -> dict[str, Any] | None:
    """Read one message; ``None`` at the end of file, also in the middle of one."""
    head = _exactly(sock, 4)
    size = int.from_bytes(head, "little")
    if len(head) < 4 or size > MOST_BYTES:
        return None
    data = _exactly(sock, size)
    if len(data) < size:
        return None
    message: dict[str, Any] = json.loads(data)
    return message


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        try:
            chunk = sock.recv(min(size - len(data), 1 << 20))
        except ConnectionError:
            break
        if not chunk:
            break
        data += chunk
    return bytes(data)
