"""Processes files that come from an unreliable network."""

import os
import re
import shutil
import zlib
from pathlib import Path

from error_handler import CorruptData, ErrorLog, RetryPolicy, kind_of
from state_manager import StateManager, replace_file

_HEAD = re.compile(rb"counts (0|[1-9][0-9]*)")
_LINE = re.compile(rb"([a-z]+) (0|-?[1-9][0-9]{0,17})")
_LAST = re.compile(rb"crc ([0-9a-f]{8})")


def parse(data):
    """The sums by key of a good file."""
    *lines, rest = data.split(b"\n")
    if rest or len(lines) < 2:
        raise CorruptData("the lines are not complete")
    first, *middle, last = lines
    head, check = _HEAD.fullmatch(first), _LAST.fullmatch(last)
    if head is None:
        raise CorruptData("the first line is wrong")
    if check is None:
        raise CorruptData("the last line is wrong")
    # Compared as text: the number may have more digits than int() takes.
    if head[1] != b"%d" % len(middle):
        raise CorruptData("the number of lines is wrong")
    if check[1] != b"%08x" % zlib.crc32(data[:-len(last) - 1]):
        raise CorruptData("the checksum is wrong")
    sums = {}
    for number, line in enumerate(middle, 2):
        match = _LINE.fullmatch(line)
        if match is None:
            raise CorruptData(f"line {number} is wrong")
        key = match[1].decode("ascii")
        sums[key] = sums.get(key, 0) + int(match[2])
    return sums


class Processor:
    """Fetches files and sums them up; what has been done is kept in a folder."""

    def __init__(self, folder, fetch, *, sleep, clock, policy=RetryPolicy()):
        self._folder = Path(folder)
        self._fetch = fetch
        self._sleep = sleep
        self._policy = policy
        self._folder.mkdir(parents=True, exist_ok=True)
        self._state = StateManager(self._folder / "state.json")
        self._log = ErrorLog(self._folder / "errors.jsonl", clock)
        self._quarantine = self._folder / "quarantine"
        self._quarantine.mkdir(exist_ok=True)

    def run(self, names):
        """Process the files; return what has become of them."""
        names = list(dict.fromkeys(names))
        for name in names:
            self._process(name)
        result = {
            status: [name for name in names if self._state.status(name) == status]
            for status in ("done", "corrupt", "failed")
        }
        result["totals"] = self._state.totals()
        return result

    def _process(self, name):
        state = self._state
        if state.status(name) in ("done", "corrupt"):
            return
        if state.status(name) == "failed":
            state.restart(name)
        while True:
            failures = state.attempts(name)
            if failures >= self._policy.attempts:
                state.mark_failed(name)
                return
            if failures >= 1:
                self._sleep(self._policy.delay(failures))
            try:
                data = self._fetch(name)
            except Exception as error:
                # The log comes first, so that no kill can leave a failure without its line.
                self._log.record(name, failures + 1, error)
                if kind_of(error) not in ("timeout", "connection"):
                    state.mark_failed(name)
                    return
                state.note_failure(name)
            else:
                self._finish(name, failures, data)
                return

    def _finish(self, name, failures, data):
        try:
            counts = parse(data)
        except CorruptData as error:
            self._store(name, data)
            self._log.record(name, failures + 1, error)
            self._state.mark_corrupt(name)
        else:
            self._state.mark_done(name, counts)

    def _store(self, name, data):
        path = self._quarantine / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        replace_file(path, data, os.path.join(self._folder, "quarantine.new"))
