"""Nothing is lost: nights that are killed at any step, resumed, put away.

The store, the session's opening, the recovery and the arena's order of steps are the
real ones; only the agent's work and the judge's verdict are drawn.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as how_long
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import initialize
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule
from hypothesis.stateful import run_state_machine_as_test

from pytest_overnight.arena import Arena
from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.catalog.plan import Run
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.recording import Recorder
from pytest_overnight.recording import TryResult
from pytest_overnight.records import clock
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.records.session import SessionFacts
from pytest_overnight.records.session import read_session
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock
from pytest_overnight.records.store import StoreError
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.session import look
from pytest_overnight.session import open_session
from pytest_overnight.session import planned_challenges
from pytest_overnight.session import unfinished
from pytest_overnight.settings import Settings
from tests.support.killed import WAYS
from tests.support.killed import Kill
from tests.support.killed import Killed
from tests.support.sessions import AGENT
from tests.support.suites import write_suite

KILLS = st.builds(Kill, st.integers(1, 36), st.sampled_from(WAYS))
MAYBE = st.just(Kill(0, "before")) | KILLS
"""Step 0 is never reached."""
ENDS = st.sampled_from(
    [
        (Stop.FINISHED, Verdict.ERROR),
        (Stop.LLM_UNAVAILABLE, Verdict.FAIL),
        (Stop.LLM_CONFIG, Verdict.NOT_RUN),
        (None, Verdict.NOT_RUN),
        (Stop.FINISHED, Verdict.PASS),
        (Stop.DEADLINE, Verdict.FAIL),
    ]
)
"""How a try ends, and what its judge says; ``None``: by a Ctrl-C."""
Turn = tuple[int, tuple[Stop | None, Verdict], Kill, bool]
TURNS = st.tuples(st.integers(0, 9), ENDS, MAYBE, st.booleans())
"""Which run, of the rest as a rule; how it ends; when its worker is killed, and
whether its owner dies with it."""
NEW_YEAR = 1_767_225_600.0
EVENINGS = ("overnight-2026-01-02", "overnight-2026-01-03")


class Table(Arena):
    """An arena whose agents and judges say what they are told to."""

    def __init__(self, settings: Settings, stop: Stop | None, verdict: Verdict) -> None:
        """No server is started, and nothing is looked for."""
        self._settings = settings
        self._store = RunStore(settings.results)
        walls = SandboxInfo(level="process", protected=False)
        self._recorder = Recorder(self._store, settings, walls)
        self._stop, self._verdict = stop, verdict

    def _watched_try(self, place: object) -> TryResult:
        if self._stop is None:
            raise KeyboardInterrupt
        return TryResult(self._stop, "", duration=1.0)

    def _judge(self, run: object, result: TryResult, tree: object) -> Judgement:
        return Judgement(self._verdict, ())


@dataclass
class Night:
    """What must be known of one session."""

    nonce: int
    plan: tuple[str, ...]
    records: dict[str, bytes] = field(default_factory=dict)
    closed: bool = False
    seconds: float = 0.0

    def record(self, run_id: str) -> RunRecord:
        """Read."""
        return RunRecord.model_validate_json(self.records[run_id])

    def done(self) -> set[str]:
        """Runs that nobody may play again."""
        return {run_id for run_id in self.records if self.record(run_id).counted}

    def lacks(self) -> bool:
        """Whether something is left that must not be put away unasked."""
        cut = [r for r in self.records if self.record(r).outcome == "cancelled"]
        return bool(not self.closed or set(self.plan) - self.records.keys() or cut)


class Nights(RuleBasedStateMachine):
    """One results folder, and all that ever happens to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="overnight-test-"))
        suite = write_suite(self.folder / "suite", ["L3-1", "L6-2"])
        self.challenges = load_suite(suite)
        self.runs = {run.id: run for run in (Run(c, 1, 7) for c in self.challenges)}
        self.results = self.folder / "results"
        self.nonces = itertools.count(1)
        self.now: Night | None = None
        self.away: list[Night] = []
        self.lock: SessionLock | None = None
        self.moment = 1000.0
        """Seconds gone by; each look at a clock takes some."""
        self.set_back = 0.0
        """Seconds by which somebody has set the system's clock back."""
        self.booted = 0.0
        """Moment of the last start of the machine."""
        self.was_opened = False
        """Just now: whoever opens a session completes what others left."""

    def teardown(self) -> None:
        """The folder goes."""
        shutil.rmtree(self.folder)

    @property
    def at_work(self) -> bool:
        """Whether a process owns the session."""
        return self.lock is not None

    @property
    def store(self) -> RunStore:
        """As a new process sees it."""
        return RunStore(self.results)

    def facts(self) -> SessionFacts | None:
        """As a new process reads them."""
        return read_session(self.store.journal.read())

    def as_a_process(self, kill: Kill, work: object, *, dies: bool = True) -> bool:
        """Do ``work``; whether the process lives. Its clocks are the machine's.

        ``dies``: the session's owner with it, where it is killed.
        """
        assert callable(work)

        def wall() -> float:
            self.moment += 0.125
            return self.moment - self.booted

        def unix() -> float:
            return NEW_YEAR + wall() - self.set_back

        held = self.lock
        patched = mock.patch.object
        with patched(time, "time", unix), patched(clock, "wall", wall):
            try:
                with kill.armed():
                    work()
            except Killed:
                self.lock = held  # one that it took itself is free by now
                if dies:
                    self.dies()
                return False
        return True

    def dies(self) -> None:
        """The kernel frees its lock, and that is all that happens."""
        if self.lock is not None:
            self.lock.release()
        self.lock = None

    # -- what can happen --------------------------------------------------------------

    @initialize()
    def evening(self) -> None:
        """The first night begins."""
        self.begins(EVENINGS[0], tuple(self.runs), "", Kill(0, "before"))

    @precondition(lambda self: not self.at_work)
    @rule(
        session_id=st.sampled_from(EVENINGS),
        count=st.integers(1, 2),
        how=st.sampled_from(["", "fresh"]),
        kill=MAYBE,
    )
    def starts(self, session_id: str, count: int, how: str, kill: Kill) -> None:
        """A process begins a night of its own."""
        self.begins(session_id, tuple(self.runs)[:count], how, kill)

    @precondition(lambda self: not self.at_work)
    @rule(kill=MAYBE)
    def resumes(self, kill: Kill) -> None:
        """A process goes on with the last night."""
        self.begins(EVENINGS[0], (), "resume", kill)

    def begins(
        self, session_id: str, plan: tuple[str, ...], how: str, kill: Kill
    ) -> None:
        """As the controller does it."""
        nonce, before = next(self.nonces), self.now
        refused: list[StoreError] = []

        def process() -> None:
            store = self.store
            store.create()
            self.lock = SessionLock(self.results)
            store.finish_putting_away()
            settings = self.settings_of(store, session_id, how)
            planned = planned_challenges(self.challenges)
            try:
                opening = look(
                    store,
                    settings,
                    planned,
                    resume=how == "resume",
                    fresh=how == "fresh",
                )
            except StoreError as problem:
                refused.append(problem)
                self.dies()
                return
            if opening.former is not None:
                assert before is not None
                assert set(opening.done) == before.done()
            wanted = opening.former.plan if opening.former else plan
            open_session(
                opening, planned, wanted, agent=AGENT, machine={"nonce": nonce}
            )

        lives = self.as_a_process(kill, process)
        self.was_opened = lives and not refused
        self.look_who_is_there(nonce, plan, resumed=how == "resume")
        if refused:
            assert self.now is before
            assert how != "fresh"
            nothing = how == "resume" and before is None
            assert nothing or (how == "" and before is not None and before.lacks())
        elif lives:
            assert self.now is not None
            assert (self.now is before) == (how == "resume")
            facts = self.facts()
            assert facts is not None
            assert facts.machine == {"nonce": nonce}
            if how == "" and before is not None:
                assert not before.lacks()

    def settings_of(self, store: RunStore, session_id: str, how: str) -> Settings:
        """What is not said anew is taken from the session that is gone on with."""
        facts = read_session(store.journal.read())
        if how == "resume" and facts is not None:
            return Settings.from_json(facts.settings)
        return Settings(
            results=self.results,
            suite=self.folder / "suite",
            session_id=session_id,
            agent="noop",
        )

    def look_who_is_there(
        self, nonce: int, plan: tuple[str, ...], *, resumed: bool
    ) -> None:
        """Take the model to where a process came before it was killed, if it was."""
        facts = None if self.is_moving() else self.facts()
        begun = facts is not None and (facts.machine or {}).get("nonce") == nonce
        if begun and resumed:
            assert self.now is not None
            self.now.closed = False
        elif begun or facts is None:
            self.away += [self.now] if self.now else []
            self.now = Night(nonce, plan) if begun else None

    def is_moving(self) -> bool:
        """Whether a night is on its way to ``history/``."""
        return (self.results / ".moving_to_history").exists()

    @precondition(lambda self: self.at_work)
    @rule(turns=st.lists(TURNS, min_size=1, max_size=4))
    def plays(self, turns: list[Turn]) -> None:
        """Workers take up runs of the plan, done or not, and may be killed."""
        for turn in turns:
            if self.at_work:
                self.takes(turn)

    def takes(self, turn: Turn) -> None:
        """One run."""
        assert self.now is not None
        self.was_opened = False
        number, end, kill, owner_dies = turn
        rest = [run_id for run_id in self.now.plan if run_id not in self.now.done()]
        known = rest if rest and number < 8 else self.now.plan
        run_id = known[number % len(known)]
        before = self.now.records.get(run_id)
        tries = self.store.last_try(run_id)
        was_done = run_id in self.now.done()
        was_finished = self.lacks_its_verdict_only(run_id)

        def worker() -> None:
            settings = self.settings_of(self.store, "", "resume")
            with suppress(KeyboardInterrupt):
                Table(settings, *end).play(self.runs[run_id], nodeid="n")

        owner = self.lock
        lives = self.as_a_process(kill, worker, dies=owner_dies)
        assert self.lock is (owner if lives or not owner_dies else None)
        after = self.recorded(run_id)
        if was_done:
            assert after == before
            assert self.store.last_try(run_id) == tries
        elif lives:
            assert after is not None
            assert after != before
            assert self.store.last_try(run_id) == tries + (not was_finished)
        if before is not None:
            assert after is not None
        if after is not None:
            self.now.records[run_id] = after

    def lacks_its_verdict_only(self, run_id: str) -> bool:
        """Whether the last try's work is done, and safe."""
        assert self.now is not None
        number = self.store.last_try(run_id)
        events = read_events(self.store.events_log(run_id, number))
        if not events or events[-1]["event"] != "finished":
            return False
        if events[-1]["result"]["stop"] == Stop.LLM_CONFIG:
            return False
        known = run_id in self.now.records and self.now.record(run_id)
        stands = known and known.number == number
        return not (stands and known.verdict in (Verdict.PASS, Verdict.FAIL))

    @precondition(lambda self: self.at_work)
    @rule(kill=MAYBE)
    def closes(self, kill: Kill) -> None:
        """The owner's end in order."""
        assert self.now is not None
        self.as_a_process(kill, lambda: self.store.journal.note("closed"))
        self.dies()
        facts = self.facts()
        assert facts is not None
        self.now.closed = facts.closed is not None

    @rule(what=st.sampled_from(["killed", "started anew", "set back", "taken"]))
    def meanwhile(self, what: str) -> None:
        """To the owner, the machine or its clock."""
        if what == "set back":
            self.set_back += 10_000
        elif what == "started anew":
            self.dies()
            self.booted = self.moment
        elif what == "killed":
            self.dies()
        elif self.at_work:
            with pytest.raises(StoreError, match="another session writes here"):
                SessionLock(self.results)

    # -- what always holds ------------------------------------------------------------

    def recorded(self, run_id: str) -> bytes | None:
        """Bytes of the record that stands."""
        with suppress(FileNotFoundError):
            return self.store.record_file(run_id).read_bytes()
        return None

    @invariant()
    def every_record_is_there_once_and_as_it_was(self) -> None:
        """Over this night and all former ones; also in the middle of a move."""
        nights = [*self.away, *([self.now] if self.now else [])]
        wanted = sorted(data for night in nights for data in night.records.values())
        folders = [self.results, *(self.results / "history").glob("*")]
        files = [path for one in folders for path in (one / "runs").glob("*.json")]
        assert sorted(path.read_bytes() for path in files) == wanted

    @invariant()
    def the_store_reads_what_must_be_there(self) -> None:
        """And a resume would play exactly the rest."""
        if self.now is None or self.is_moving():
            return
        records = {record.run_id: record for record in self.store.read_runs()}
        assert records.keys() == self.now.records.keys()
        facts = self.facts()
        assert facts is not None
        assert facts.plan == self.now.plan
        done = {run_id for run_id, record in records.items() if record.done}
        assert done == self.now.done()
        lacks = bool(unfinished(facts, list(records.values())))
        assert lacks == self.now.lacks()

    @invariant()
    def tries_have_no_gaps_and_all_their_records(self) -> None:
        """Also those of a run that was played again."""
        if self.now is None or self.is_moving():
            return
        for run_id in self.now.plan:
            begun = self.store.last_try(run_id)
            logs = list(self.store.logs.glob(f"{run_id}*-events.jsonl"))
            assert len(logs) == begun
            if run_id not in self.now.records:
                assert begun <= 1
                continue
            record = self.now.record(run_id)
            assert begun - 1 <= record.number <= begun
            numbers = [one.number for one in record.tries]
            assert numbers == list(range(1, record.number + 1))
            for one in record.tries[:-1]:
                kept = self.store.former_record(run_id, one.number).read_bytes()
                former = RunRecord.model_validate_json(kept)
                assert former.tries[-1] == one
                assert not former.done

    @invariant()
    def the_journal_agrees(self) -> None:
        """Each record of a night that was taken up has its line."""
        if self.now is None or not self.was_opened:
            return
        noted = {
            (event["run_id"], event["try"]): event["outcome"]
            for event in self.store.journal.read()
            if event["event"] == "finished"
        }
        for run_id in self.now.records:
            record = self.now.record(run_id)
            assert noted[run_id, record.number] == record.outcome

    @invariant()
    def time_at_work_only_grows(self) -> None:
        """Whatever the clocks do."""
        facts = self.facts()
        if self.now is not None and facts is not None and not self.is_moving():
            assert facts.seconds >= self.now.seconds >= 0
            self.now.seconds = facts.seconds


def play(examples: int, steps: int) -> None:
    """So many folders, so much in each."""
    run_state_machine_as_test(
        Nights,
        settings=how_long(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_nothing_is_lost() -> None:
    play(25, 20)


@pytest.mark.slow
def test_nothing_is_lost_however_long_it_goes_on() -> None:
    play(250, 40)
