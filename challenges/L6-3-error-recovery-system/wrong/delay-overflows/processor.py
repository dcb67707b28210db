"""Fetches files from an unreliable source and sums up what they hold."""

import re
from collections.abc import Callable
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any
from zlib import crc32

from error_handler import CorruptData
from error_handler import ErrorLog
from error_handler import RetryPolicy
from state_manager import StateManager

_FILE = re.compile(
    rb"counts ([^\n]+)\n"
    rb"((?:[a-z]+ (?:0|-?[1-9][0-9]{0,17})\n)*)"
    rb"crc ([0-9a-f]{8})\n"
)


def parse(data: bytes) -> dict[str, int]:
    """The sums by key of a file; :class:`CorruptData` if it is not as it should be."""
    found = _FILE.fullmatch(data)
    if found is None:
        raise CorruptData("not a file of counts")
    lines = found[2].decode().splitlines()
    if found[1] != b"%d" % len(lines):
        raise CorruptData(f"{len(lines)} lines, not {found[1]!r}")
    if crc32(data[: found.start(3) - len(b"crc ")]) != int(found[3], 16):
        raise CorruptData("wrong checksum")
    counts: dict[str, int] = {}
    for line in lines:
        key, value = line.split()
        counts[key] = counts.get(key, 0) + int(value)
    return counts


class Processor:
    """Works in a folder of its own, where another one can go on after a kill."""

    def __init__(
        self,
        folder: str | PathLike[str],
        fetch: Callable[[str], bytes],
        *,
        sleep: Callable[[float], object],
        clock: Callable[[], float],
        policy: RetryPolicy = RetryPolicy(),
    ) -> None:
        self._quarantine = Path(folder, "quarantine")
        self._quarantine.mkdir(parents=True, exist_ok=True)
        self._fetch, self._sleep, self._policy = fetch, sleep, policy
        self._log = ErrorLog(Path(folder, "errors.jsonl"), clock)
        self._state = StateManager(Path(folder, "state.json"))

    def run(self, names: Iterable[str]) -> dict[str, Any]:
        """Process the files that are not finished; say what has become of all."""
        found: dict[str, Any] = {"done": [], "corrupt": [], "failed": []}
        for name in dict.fromkeys(names):
            if self._state.status(name) == "failed":
                self._state.restart(name)
            if self._state.status(name) == "pending":
                self._process(name)
            found[self._state.status(name)].append(name)
        return {**found, "totals": self._state.totals()}

    def _process(self, name: str) -> None:
        data = self._fetched(name)
        if data is None:
            self._state.mark_failed(name)
            return
        # The state is written last: what a kill undoes is done again.
        try:
            counts = parse(data)
        except CorruptData as error:
            (self._quarantine / name).write_bytes(data)
            self._log.record(name, self._state.attempts(name) + 1, error)
            self._state.mark_corrupt(name)
        else:
            self._state.mark_done(name, counts)

    def _fetched(self, name: str) -> bytes | None:
        while (failures := self._state.attempts(name)) < self._policy.attempts:
            if failures:
                self._sleep(self._policy.delay(failures))
            try:
                return self._fetch(name)
            except (TimeoutError, ConnectionError) as error:
                self._log.record(name, failures + 1, error)
                self._state.note_failure(name)
            except Exception as error:
                self._log.record(name, failures + 1, error)
                return None
        return None
