"""Nights that are killed and gone on with, one after the other in a results folder."""

from __future__ import annotations

import datetime
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

from pytest_overnight.commands.mending import repair
from pytest_overnight.records.inspection import inspect
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.session import read_session
from pytest_overnight.records.store import HISTORY
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock
from tests.chaos.kills import Kill
from tests.chaos.memory import Findings
from tests.chaos.memory import Memory
from tests.chaos.process import COUNT
from tests.chaos.process import Process
from tests.chaos.process import Scene
from tests.chaos.suite import IDS
from tests.chaos.suite import write_chaos_suite

ATTEMPTS = 3
"""Processes that wait for the same kill: chance has a part in whether it is met."""
RESUMES = 3
"""After so many that nobody disturbs, all is played."""
MOVES = ("move:", "mark of the move:", "put away: after")
"""Instants that come up only where a former night is to be moved away."""


Facts = dict[str, dict[str, Any]]
"""Run id → what must be the same of it, however often its night was killed."""


def outcome_facts(record: RunRecord) -> dict[str, Any]:
    """What must be the same of a run, however often its night was killed."""
    return {
        "outcome": record.outcome,
        "verdict": record.verdict,
        "stop": record.stop,
        "success": record.success,
        "checks": [(check.name, check.passed) for check in record.checks],
        "rounds": record.rounds,
        "actions": record.actions,
        "loop_rule": record.loop_rule,
        "tags": record.tags,
        "fingerprints": record.fingerprints,
        "seed": record.seed,
        "script": record.agent.script,
        "digests": record.digests,
        "files": record.snapshot.manifest if record.snapshot else None,
    }


@dataclass(slots=True)
class Tally:
    """What a scenario came to."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(victim, instant) → kills that took place."""
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The same of those whose instant never came."""
    nights: int = 0
    starts: int = 0
    """Processes that began a session, or took it up again."""
    mended: Counter[str] = field(default_factory=Counter)
    """What ``doctor --repair`` had to do → how often."""
    left_in_tmp: int = 0
    """Temporary folders that killed processes left."""
    longest_death: float = 0.0
    """Seconds until the last process below a killed one was gone."""
    findings: Findings = field(default_factory=Findings)

    def add(self, more: Tally) -> None:
        """Take in another's."""
        for counts in ("kills", "missed", "mended"):
            getattr(self, counts).update(getattr(more, counts))
        self.nights += more.nights
        self.starts += more.starts
        self.left_in_tmp += more.left_in_tmp
        self.longest_death = max(self.longest_death, more.longest_death)
        self.findings.add(more.findings)


class Nights:
    """One results folder, and one night after the other in it."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        workers: int = 2,
        reference: Facts | None = None,
    ) -> None:
        """``folder`` is made, and other users may pass it; ``seed`` of the session.

        ``reference``: of a night that nobody disturbed, of the same seed.
        """
        self._scene = Scene(folder, seed, workers)
        self.results = self._scene.results
        self.tally = Tally()
        self.reference = reference or {}
        for place in (folder, self._scene.tmp):
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(0o711)
        write_chaos_suite(self._scene.suite)
        self._memory = Memory(self.results, self.tally.findings)
        self._former: list[tuple[str, Memory]] = []
        self._session = ""

    # -- what a test calls ---------------------------------------------------------

    def play_undisturbed(self) -> None:
        """Whatever comes later is held against this night."""
        self._begin_night()
        self._play([])
        self._memory.look()
        self.reference, records = self.facts, self._memory.records
        if len(records) != len(IDS) * COUNT or not all(
            r.done for r in records.values()
        ):
            self._say("other", "the undisturbed night is not whole")
        self._ask_doctor()

    def disturb(self, kills: Sequence[Kill], *, hasty: bool = False) -> list[Kill]:
        """Start or take up a night with these kills waiting; those that took place.

        ``hasty``: where it is killed, the next one comes before all below it is gone.
        """
        moves = any(kill.instant.startswith(MOVES) for kill in kills)
        if not self._session:
            self._begin_night()
        elif self._is_over() or (moves and not self._is_moving()):
            self.complete()
            self._begin_night()
        fired = self._play(kills, hasty=hasty)
        for kill in kills:
            counts = self.tally.kills if kill in fired else self.tally.missed
            counts[kill.victim, kill.instant] += 1
        return fired

    def disturb_until_all(self, kills: Sequence[Kill]) -> list[Kill]:
        """The same, once more for those that were not met; those that never were."""
        left = list(kills)
        for _ in range(ATTEMPTS):
            fired = self.disturb(left) if left else []
            left = [kill for kill in left if kill not in fired]
        return left

    def complete(self) -> None:
        """Take the night up until nothing is left, and look at all of it."""
        for _ in range(RESUMES):
            if self._is_over():
                break
            self._play([])
        else:
            if not self._is_over():
                self._say("differences", f"not over after {RESUMES} resumes")
        self._memory.look()
        self._compare()
        self._consult_doctor()
        self._memory.look()

    @property
    def facts(self) -> Facts:
        """Of the night's runs, as of the last look."""
        records = self._memory.records
        return {name: outcome_facts(record) for name, record in records.items()}

    def resume_once_more(self) -> None:
        """Nothing may be played, and nothing is left for the doctor."""
        before = self._count_events("started", "regraded")
        self._play([])
        if self._count_events("started", "regraded") != before:
            self._say("twice", "a night that was over was played on")
        self._ask_doctor()

    # -- one night -----------------------------------------------------------------

    def _begin_night(self) -> None:
        if self._session:
            self._former.append((self._session, self._memory))
        self.tally.nights += 1
        evening = datetime.date(2026, 1, 1) + datetime.timedelta(self.tally.nights)
        self._session = f"overnight-{evening}"
        self._memory = Memory(self.results, self.tally.findings)

    def _is_over(self) -> bool:
        """Whether all runs are done, and a process came to its orderly end."""
        facts = read_session(RunStore(self.results).journal.read())
        if facts is None or facts.id != self._session or facts.closed is None:
            return False
        records = {r.run_id for r in RunStore(self.results).read_runs() if r.done}
        return records == set(self.reference or facts.plan)

    def _is_moving(self) -> bool:
        """Whether somebody was killed as they moved the former night away."""
        return (self.results / ".moving_to_history").exists()

    def _has_begun(self) -> bool:
        facts = read_session(RunStore(self.results).journal.read())
        return facts is not None and facts.id == self._session

    def _count_events(self, *names: str) -> int:
        events = RunStore(self.results).journal.read()
        return sum(event["event"] in names for event in events)

    def _compare(self) -> None:
        facts = self.facts
        for name in sorted(self.reference.keys() | facts.keys()):
            if name not in facts or name not in self.reference:
                what = "has no record" if name not in facts else "was not planned"
                self._say("differences", f"{name} {what}")
                continue
            for key, wanted in self.reference[name].items():
                if (found := facts[name][key]) != wanted:
                    what = f"{key} is {found!r}, undisturbed {wanted!r}"
                    self._say("differences", f"{name}: {what}")

    def _consult_doctor(self) -> None:
        lock = SessionLock(self.results)
        try:
            done = repair(self.results)
        finally:
            lock.release()
        for one in done.mended:
            self.tally.mended[f"{one.kind}: {one.remedy}"] += 1
        for one, why in done.failed.items():
            self._say("other", f"doctor failed: {one.where}: {why}")
        self._ask_doctor()

    def _ask_doctor(self) -> None:
        for one in inspect(self.results).disagreements:
            self._say("other", f"doctor: {one.where}: {one.what}")

    def look_at_history(self) -> None:
        """All former nights lie there, each as it was when it was moved away."""
        for session, memory in self._former:
            memory.results = self.results / HISTORY / session
            memory.look()
        found = {path.name for path in (self.results / HISTORY).glob("*")}
        wanted = {session for session, _ in self._former}
        if found != wanted:
            self._say("other", f"history/ holds {sorted(found)}, not {sorted(wanted)}")

    def left_in_tmp(self) -> int:
        """Temporary folders that nobody uses any more."""
        return len(list(self._scene.tmp.glob("overnight-*")))

    def _say(self, name: str, line: str) -> None:
        getattr(self.tally.findings, name).append(f"{self._session}: {line}")

    # -- one process of it ---------------------------------------------------------

    def _play(self, kills: Sequence[Kill], *, hasty: bool = False) -> list[Kill]:
        tally = self.tally
        tally.starts += 1
        goes_on = self._has_begun()
        played = Process(self._scene, kills, tally.starts, self._session, goes_on)
        status = played.watch(hasty=hasty)
        cut_off = any(kill.victim in self._scene.deadly for kill in played.fired)
        if status not in ({-signal.SIGKILL} if cut_off else {0, 1}):
            fired = "; ".join(map(str, played.fired))
            self._say("other", f"exit status {status} after {fired}: {played.said()}")
        if played.hung:
            self._say("other", f"hung: {played.said()}")
        for orphan in played.orphans:
            self._say("orphans", orphan)
        tally.longest_death = max(tally.longest_death, played.seconds_to_die)
        if not played.others_may_live and self._has_begun():
            self._memory.look()
        return played.fired
