"""Another right answer, which agents never see: the runs."""

from __future__ import annotations

import pathlib
import re
import zlib
from typing import Any

import error_handler
import state_manager

USUAL = error_handler.RetryPolicy()
NATURAL = r"(?:0|[1-9][0-9]*)"
LINE = re.compile(rf"([a-z]+) (-(?!0)|)({NATURAL})")


def parse(data: bytes) -> dict[str, int]:
    body, mark, end = data.rpartition(b"crc ")
    if not (mark and re.fullmatch(rb"[0-9a-f]{8}\n", end) and body.endswith(b"\n")):
        raise error_handler.CorruptData("no end")
    if zlib.crc32(body) != int(end, 16):
        raise error_handler.CorruptData("checksum")
    if not body.isascii():
        raise error_handler.CorruptData("not ASCII")
    first, *lines = body.decode("ascii")[:-1].split("\n")
    found = re.fullmatch(rf"counts ({NATURAL})", first)
    if not found or len(found[1]) > 9 or int(found[1]) != len(lines):
        raise error_handler.CorruptData("first line")
    sums: dict[str, int] = {}
    for line in lines:
        match = LINE.fullmatch(line)
        if not match or len(match[3]) > 18:
            raise error_handler.CorruptData(line)
        sums[match[1]] = sums.get(match[1], 0) + int(match[2] + match[3])
    return sums


class Processor:
    def __init__(
        self,
        folder: Any,
        fetch: Any,
        *,
        sleep: Any,
        clock: Any,
        policy: error_handler.RetryPolicy = USUAL,
    ) -> None:
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.fetch, self.sleep, self.policy = fetch, sleep, policy
        self.state = state_manager.StateManager(self.folder / "state.json")
        self.log = error_handler.ErrorLog(self.folder / "errors.jsonl", clock)

    def run(self, names: Any) -> dict[str, Any]:
        order = list(dict.fromkeys(names))
        for name in order:
            status = self.state.status(name)
            if status == "failed":
                self.state.restart(name)
            if status not in ("done", "corrupt"):
                self.one(name)
        result: dict[str, Any] = {
            status: [name for name in order if self.state.status(name) == status]
            for status in ("done", "corrupt", "failed")
        }
        result["totals"] = self.state.totals()
        return result

    def one(self, name: str) -> None:
        for failed in range(self.state.attempts(name), self.policy.attempts):
            if failed > 0:
                self.sleep(self.policy.delay(failed))
            try:
                data = self.fetch(name)
            except Exception as error:
                self.log.record(name, failed + 1, error)
                if error_handler.kind_of(error) == "fatal":
                    break
                self.state.note_failure(name)
            else:
                self.take(name, data, failed + 1)
                return
        self.state.mark_failed(name)

    def take(self, name: str, data: bytes, attempt: int) -> None:
        try:
            self.state.mark_done(name, parse(data))
        except error_handler.CorruptData as error:
            self.keep(name, data)
            self.log.record(name, attempt, error)
            self.state.mark_corrupt(name)

    def keep(self, name: str, data: bytes) -> None:
        place = self.folder / "quarantine"
        place.mkdir(exist_ok=True)
        (place / name).write_bytes(data)
