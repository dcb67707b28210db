"""What may go wrong, when to try again, and the log of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from os import SEEK_END
from os import PathLike
from pathlib import Path
from typing import Any


class CorruptData(Exception):
    """A file is not as it should be."""


def kind_of(error: BaseException) -> str:
    """``timeout``, ``connection``, ``corrupt`` or ``fatal``."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionError):
        return "connection"
    if isinstance(error, CorruptData):
        return "corrupt"
    return "fatal"


@dataclass(frozen=True)
class RetryPolicy:
    """How often to try, and how long to wait in between (seconds)."""

    attempts: int = 4
    base: float = 0.5
    cap: float = 8.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("attempts must be at least 1")
        if self.base <= 0:
            raise ValueError("base must be more than 0")
        if self.cap < self.base:
            raise ValueError("cap must be at least base")

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failed attempts."""
        try:
            seconds = self.base * 2.0 ** (failures - 1)
        except OverflowError:
            return self.cap
        return min(seconds, self.cap)


class ErrorLog:
    """A file with one JSON object a line, only ever appended to."""

    def __init__(self, path: str | PathLike[str], clock: Callable[[], float]) -> None:
        self._path, self._clock = Path(path), clock

    def record(self, name: str, attempt: int, error: BaseException) -> None:
        """Append an error."""
        fields = {
            "at": self._clock(),
            "name": name,
            "attempt": attempt,
            "kind": kind_of(error),
            "type": type(error).__name__,
            "message": str(error),
        }
        line = json.dumps(fields).encode() + b"\n"
        with self._path.open("ab+") as file:
            if file.tell():
                file.seek(-1, SEEK_END)
                if file.read() != b"\n":
                    line = b"\n" + line  # what a kill has torn is a line of its own
            file.write(line)

    def entries(self) -> list[dict[str, Any]]:
        """All whole lines."""
        found = []
        if self._path.exists():
            for line in self._path.read_bytes().split(b"\n"):
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return found
