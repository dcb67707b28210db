"""Kinds of errors, when to try again, and the log of errors."""

import json
import os
from dataclasses import dataclass


class CorruptData(Exception):
    """The bytes are no good file."""


def kind_of(error):
    """``"timeout"``, ``"connection"``, ``"corrupt"`` or ``"fatal"``."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionError):
        return "connection"
    if isinstance(error, CorruptData):
        return "corrupt"
    return "fatal"


@dataclass(frozen=True)
class RetryPolicy:
    """How often a file is tried, and how long to wait in between."""

    attempts: int = 4
    base: float = 0.5
    cap: float = 8.0

    def __post_init__(self):
        if not self.attempts >= 1:
            raise ValueError("attempts must be 1 or more")
        if not self.base > 0:
            raise ValueError("base must be above 0")
        if not self.cap >= self.base:
            raise ValueError("cap must not be below base")

    def delay(self, failures):
        """The seconds to wait after that many failed attempts."""
        seconds = self.base
        for _ in range(failures - 1):
            if seconds >= self.cap:
                break
            seconds *= 2
        return min(seconds, self.cap)


def _no_constant(text):
    raise ValueError(f"{text} is not JSON")


class ErrorLog:
    """A file with one JSON object a line, which only grows."""

    def __init__(self, path, clock):
        self._path = os.fspath(path)
        self._clock = clock

    def record(self, name, attempt, error):
        """Append an error."""
        entry = {
            "at": self._clock(),
            "name": name,
            "attempt": attempt,
            "kind": kind_of(error),
            "type": type(error).__name__,
            "message": str(error),
        }
        line = json.dumps(entry).encode("ascii") + b"\n"
        with open(self._path, "a+b", buffering=0) as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line = b"\n" + line
            while line:
                line = line[file.write(line):]

    def entries(self):
        """All errors; what is left of torn lines is skipped."""
        try:
            with open(self._path, "rb") as file:
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return []
        result = []
        for line in lines:
            try:
                entry = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict):
                result.append(entry)
        return result
