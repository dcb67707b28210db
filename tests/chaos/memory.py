"""All that was ever seen of a night on disk, and what became of it since.

What is kept for ever must still be there at every later look, and as it was: records
of runs that are done, records of former tries, ledgers and the journal, which only
grow, snapshots that a record names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.store import RunStore
from pytest_overnight.rules.outcome import Outcome


@dataclass(slots=True)
class Findings:
    """What was found wrong, a line each."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    """From the night that nobody disturbed."""
    other: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        for name in self.__slots__:
            yield name, getattr(self, name)

    def __bool__(self) -> bool:
        return any(lines for _, lines in self)

    def add(self, more: Findings) -> None:
        """Take in another's."""
        for name, lines in more:
            getattr(self, name).extend(lines)

    def __str__(self) -> str:
        return "\n".join(f"{name}: {line}" for name, lines in self for line in lines)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Memory:
    """Of one night, in ``results`` or, later, in its place in ``history/``."""

    def __init__(self, results: Path, findings: Findings) -> None:
        """Nothing is seen yet."""
        self.results = results
        self.records: dict[str, RunRecord] = {}
        """Run id → what lies in ``runs/``, as of the last look."""
        self._findings = findings
        self._for_ever: dict[str, str] = {}
        """File → its digest."""
        self._growing: dict[str, bytes] = {}
        """File → what it has held so far."""

    def look(self) -> None:
        """Look at everything once more. No process of the night may be at work."""
        self._look_at_what_was_seen()
        self._look_at_records()
        self._look_at_tries()
        self._look_at_journal()
        for path in self.results.glob("logs/*-events.jsonl"):
            self._growing[self._name(path)] = path.read_bytes()
        for name in ("master_log.json", "status.json"):
            path = self.results / name
            if path.exists():
                self._parsed(path)

    def _look_at_what_was_seen(self) -> None:
        for name, was in self._for_ever.items():
            path = self.results / name
            if not path.is_file():
                self._findings.lost.append(f"{path} is gone")
            elif digest(path) != was:
                self._findings.lost.append(f"{path} was changed")
        for name, held in self._growing.items():
            path = self.results / name
            if not path.is_file():
                self._findings.lost.append(f"{path} is gone")
            elif not path.read_bytes().startswith(held):
                self._findings.lost.append(f"{path} lost what it held")

    def _look_at_records(self) -> None:
        self.records = {}
        for path in sorted(self.results.glob("runs/*.json")):
            record = self._read(path)
            if record is None:
                continue
            if record.run_id != path.stem or path.stem in self.records:
                self._findings.other.append(f"{path} is of {record.run_id}")
            self.records[path.stem] = record
            if record.done:
                self._keep(path)
            if record.snapshot is not None:
                archive = self.results / record.snapshot.path
                if not archive.is_file() or digest(archive) != record.snapshot.sha256:
                    self._findings.lost.append(f"{archive}: not as {path.stem} says")
                elif record.done:
                    self._keep(archive)

    def _look_at_tries(self) -> None:
        store = RunStore(self.results)
        for record in self.records.values():
            numbers = [one.number for one in record.tries]
            if numbers != list(range(1, record.number + 1)):
                self._findings.other.append(f"{record.run_id} has tries {numbers}")
            for number in numbers[:-1]:
                if not store.former_record(record.run_id, number).is_file():
                    what = f"{record.run_id}: no record of its try {number}"
                    self._findings.lost.append(what)
        for path in sorted(store.tries.glob("*.json")):
            former = self._read(path)
            if former is None:
                continue
            if former.done and former.run_id in self.records:
                same = former == self.records[former.run_id]
                if not same:
                    what = f"{former.run_id} was done in try {former.number}"
                    self._findings.twice.append(f"{what}, and played again")
            self._keep(path)

    def _look_at_journal(self) -> None:
        path = self.results / "journal.jsonl"
        if not path.is_file():
            return
        self._growing[path.name] = path.read_bytes()
        if problem := played_twice(RunStore(self.results).journal.read()):
            self._findings.twice.append(f"{path}: {problem}")

    def _read(self, path: Path) -> RunRecord | None:
        try:
            return RunRecord.model_validate_json(path.read_bytes())
        except ValueError as problem:
            self._findings.unreadable.append(f"{path}: {problem}")
            return None

    def _parsed(self, path: Path) -> None:
        try:
            json.loads(path.read_bytes())
        except ValueError as problem:
            self._findings.unreadable.append(f"{path}: {problem}")

    def _keep(self, path: Path) -> None:
        self._for_ever.setdefault(self._name(path), digest(path))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.results).as_posix()


def played_twice(events: list[dict[str, Any]]) -> str:
    """What a journal says happened twice that must happen once; empty: nothing.

    A try finishes once, and once more where its verdict alone was lacking; a try
    starts once; and none starts where the run's last try counted.
    """
    started: set[tuple[str, int]] = set()
    finished: set[tuple[str, int]] = set()
    counted: set[str] = set()
    for event in events:
        run_id, number = event.get("run_id", ""), event.get("try", 0)
        key, which = (run_id, number), f"try {number} of {run_id}"
        if event["event"] == "started":
            if key in started:
                return f"{which} started twice"
            if run_id in counted:
                return f"{which} started, though the run counted already"
            started.add(key)
        if event["event"] == "regraded":
            finished.discard(key)
        if event["event"] == "finished":
            if key in finished:
                return f"{which} finished twice"
            finished.add(key)
            if Outcome(event["outcome"]).counted:
                counted.add(run_id)
    return ""
