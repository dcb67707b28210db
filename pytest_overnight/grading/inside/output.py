"""What agent code prints and warns of, kept until the judge asks."""

from __future__ import annotations

import _io
import sys
import warnings
from typing import Any

HALF = 32 * 1024


class _Tape(_io._BufferedIOBase):
    """Binary stream that keeps the first and the last 32 KiB."""

    def __init__(self) -> None:
        self.head = bytearray()
        self.tail = bytearray()
        self.dropped = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        data = bytes(data)
        room = HALF - len(self.head)
        self.head += data[:room] if room > 0 else b""
        self.tail += data[room:] if room > 0 else data
        if len(self.tail) > 2 * HALF:
            extra = len(self.tail) - HALF
            self.dropped += extra
            del self.tail[:extra]
        return len(data)

    def text(self) -> str:
        if len(self.tail) > HALF:
            extra = len(self.tail) - HALF
            self.dropped += extra
            del self.tail[:extra]
        gap = f"\n… {self.dropped} bytes left out …\n" if self.dropped else ""
        whole = self.head.decode("utf-8", "replace") + gap
        whole += self.tail.decode("utf-8", "replace")
        self.head, self.tail, self.dropped = bytearray(), bytearray(), 0
        return whole


class Output:
    """Puts the tapes in place; ``take`` gives and forgets."""

    def __init__(self) -> None:
        self._tapes = {"out": _Tape(), "err": _Tape()}
        self._files = {k: _text_file(tape) for k, tape in self._tapes.items()}
        self._warned: list[tuple[str, str]] = []
        sys.stdout = sys.__stdout__ = self._files["out"]  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = self._files["err"]  # type: ignore[misc]
        sys.stdin = sys.__stdin__ = open("/dev/null")  # type: ignore[misc]
        warnings.simplefilter("always")
        warnings.showwarning = self._warn  # type: ignore[assignment]

    def take(self, stream: str) -> str:
        """Text printed since the last look."""
        try:
            self._files[stream].flush()
        except ValueError:  # agent code closed it
            pass
        return self._tapes[stream].text()

    def take_warnings(self) -> list[tuple[str, str]]:
        """``(category, message)`` since the last look, at most 1000."""
        found, self._warned = self._warned, []
        return found

    def _warn(self, message: Any, category: Any, *rest: Any) -> None:
        if len(self._warned) < 1000:
            self._warned.append((category.__name__, str(message)[:4000]))


def _text_file(tape: _Tape) -> Any:
    return _io.TextIOWrapper(
        tape, encoding="utf-8", errors="surrogateescape", write_through=True
    )
