"""Another right answer, which agents never see: errors."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
from typing import Any


class CorruptData(Exception):
    pass


KINDS = ((TimeoutError, "timeout"), (ConnectionError, "connection"))


def kind_of(error: BaseException) -> str:
    kinds = [*KINDS, (CorruptData, "corrupt"), (BaseException, "fatal")]
    return next(kind for base, kind in kinds if isinstance(error, base))


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    attempts: int = 4
    base: float = 0.5
    cap: float = 8.0

    def __post_init__(self) -> None:
        if not (self.attempts >= 1 and 0 < self.base <= self.cap):
            raise ValueError(self)

    def delay(self, failures: int) -> float:
        try:
            seconds = float(self.base) * 2.0 ** (failures - 1)
        except OverflowError:
            return self.cap
        return min(seconds, self.cap)


class ErrorLog:
    def __init__(self, path: Any, clock: Any) -> None:
        self.path, self.clock = os.fspath(path), clock

    def data(self) -> bytes:
        path = pathlib.Path(self.path)
        return path.read_bytes() if path.is_file() else b""

    def record(self, name: str, attempt: int, error: BaseException) -> None:
        entry = {"name": name, "attempt": attempt, "kind": kind_of(error)}
        entry |= {"at": self.clock()} | {
            "type": type(error).__name__,
            "message": f"{error}",
        }
        data = self.data()
        start = b"" if not data or data.endswith(b"\n") else b"\n"
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(fd, start + json.dumps(entry, sort_keys=True).encode("ascii") + b"\n")
        os.close(fd)

    def entries(self) -> list[Any]:
        found = []
        for line in self.data().split(b"\n"):
            with contextlib.suppress(ValueError):
                found.append(json.loads(line.decode()))
        return found
