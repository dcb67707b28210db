"""From what happened in a run to its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.agents import rehearsal
from pytest_overnight.catalog.plan import Run
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.records.events import Event
from pytest_overnight.records.events import text
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.performance import Measured
from pytest_overnight.records.performance import performance_of
from pytest_overnight.records.plain import one_line
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import Check
from pytest_overnight.records.record import MachineState
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.records.record import SnapshotInfo
from pytest_overnight.records.record import Try
from pytest_overnight.records.store import WORKSPACES
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import stem
from pytest_overnight.records.tally import tally
from pytest_overnight.rules.fingerprint import fingerprints_of
from pytest_overnight.rules.loops import LOOPS
from pytest_overnight.rules.loops import findings
from pytest_overnight.rules.loops import history_of
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.rules.outcome import outcome_of
from pytest_overnight.rules.tags import tags_of
from pytest_overnight.sandbox.probe import GUARANTEES
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.sandbox.runtime import prepare_runtime
from pytest_overnight.settings import Settings
from pytest_overnight.workspace import Snapshot

DETAIL_CAP = 500
"""Characters of the sentence that says why a run ended so."""
LOOP_RULES = LOOPS | {"L11"}
"""What the outcome ``loop`` can mean: L11 stops a run, but is no circle."""
FINGERPRINTS_CAP = 200
"""Different errors of one run that are named in its record, most frequent first."""
LEFT_OUT_CAP = 200
"""Entries of a workspace that are named in its record as not kept."""


@dataclass(slots=True)
class TryResult:
    """What came back of a try, or what is known of one that was killed."""

    stop: Stop
    detail: str
    working_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0
    started: str = ""
    """UTC, ISO 8601: when the try server was asked."""
    began: float = 0.0
    """The same in Unix seconds."""
    duration: float = 0.0
    """Wall seconds until its answer."""


@dataclass(slots=True)
class Played:
    """All that is known of a run when it is over."""

    result: TryResult
    judgement: Judgement
    start_digest: str = ""
    kept: Snapshot | None = None
    """``None`` where the run broke off before there was a snapshot."""
    started: str = ""
    """UTC, ISO 8601."""
    ended: str = ""
    duration: float = 0.0
    """Wall seconds."""
    laying: float = 0.0
    """Of them: until the workspace lay there."""
    keeping: float = 0.0
    """Of them: for the snapshot."""
    checking: float = 0.0
    """Of them: for the hidden tests."""
    slot_wait: float = 0.0
    machine: MachineState | None = None
    cut_off: bool = False
    """Ended from outside, before it had come to an end of its own."""

    @property
    def changed(self) -> bool:
        """Whether the workspace differs from its start."""
        if self.kept is None:
            return False
        return self.kept.digest != self.start_digest or bool(self.kept.left_out)


def broken(problem: Exception) -> Played:
    """A run that the harness itself failed: it is void, and says why."""
    detail = f"the harness failed: {type(problem).__name__}: {problem}"
    result = TryResult(Stop.SETUP, detail)
    return Played(result, Judgement(Verdict.NOT_RUN, ()))


def cancelled(detail: str) -> Played:
    """A run that was ended from outside, before it had come to an end of its own."""
    result = TryResult(Stop.CANCELLED, detail)
    return Played(result, Judgement(Verdict.NOT_RUN, ()), cut_off=True)


@dataclass(slots=True)
class Recorder:
    """Makes the records of one session."""

    store: RunStore
    settings: Settings
    sandbox: SandboxInfo

    @classmethod
    def of(cls, settings: Settings, sandbox: SandboxReport) -> Recorder:
        """Name the sandbox in words, and the runtime; :class:`BoxError` without one."""
        runtime = prepare_runtime()
        info = SandboxInfo(
            level=sandbox.level,
            protected=sandbox.protected,
            proved=list(sandbox.checks),
            open=[GUARANTEES[name] for name in sandbox.open],
            runtime={**runtime.versions, "digest": runtime.digest},
        )
        return cls(RunStore(settings.results), settings, info)

    def record(
        self, run: Run, nodeid: str, played: Played, number: int = 1
    ) -> RunRecord:
        """The record of a run after try ``number``.

        Counts and times are read off the ledger of that try; the tries before it are
        those that the record on disk tells of.
        """
        result, judgement, kept = played.result, played.judgement, played.kept
        events = read_events(self.store.events_log(run.id, number))
        counts = tally(events)
        outcome = outcome_of(
            events,
            result.stop,
            judgement.verdict,
            changed=played.changed,
            duration=result.duration,
        )
        digests = {
            "challenge": run.challenge.digest,
            "settings": self.settings.digest,
            "workspace_start": played.start_digest,
            "workspace_end": kept.digest if kept else "",
        }
        return RunRecord(
            run_id=run.id,
            test_id=run.challenge.id,
            attempt=run.repetition,
            timestamp_start=played.started,
            timestamp_end=played.ended,
            duration=round(played.duration, 3),
            rounds=counts.rounds,
            actions=counts.actions,
            success=outcome is Outcome.PASSED if outcome.counted else None,
            failure_mode=None if outcome is Outcome.PASSED else str(outcome),
            workspace=f"{WORKSPACES}/{stem(run.id, number)}",
            output_log=self._relative(run, "output_log", number),
            agent_ledger=self._relative(run, "ledger_log", number),
            performance=performance_of(counts, _measured(played)),
            session_id=self.settings.session_id,
            level=run.challenge.level,
            nodeid=nodeid,
            counted=outcome.counted,
            outcome=str(outcome),
            stop=str(result.stop),
            verdict=str(judgement.verdict),
            detail=_detail(result, judgement, outcome),
            loop_rule=_loop_rule(events) if outcome is Outcome.LOOP else None,
            shadow_stops=_shadow_stops(events),
            tags=tags_of(events),
            fingerprints=_most_frequent(fingerprints_of(events)),
            tries=[
                *self._former_tries(run, number),
                self._try(run, number, played, outcome),
            ],
            checks=[
                Check(name=_clean(c.name), passed=c.passed, message=_clean(c.message))
                for c in judgement.checks
            ],
            agent=self._agent(run),
            sandbox=self.sandbox,
            snapshot=self._snapshot(run, kept, number) if kept else None,
            digests={name: digest for name, digest in digests.items() if digest},
            seed=run.seed,
            machine=played.machine,
        )

    def _former_tries(self, run: Run, number: int) -> list[Try]:
        """Of the record that will be replaced; where it is damaged, of one before."""
        former = self.store.read_run(run.id)
        for earlier in range(number - 1, 0, -1):
            former = former or self.store.read_former(run.id, earlier)
        return [one for one in former.tries if one.number < number] if former else []

    def _try(self, run: Run, number: int, played: Played, outcome: Outcome) -> Try:
        result = played.result
        return Try(
            number=number,
            stop=str(result.stop),
            detail=one_line(result.detail)[:DETAIL_CAP],
            started=result.started or played.started,
            duration=round(result.duration, 3),
            outcome=str(outcome),
            agent_ledger=self._relative(run, "ledger_log", number),
            cut_off=played.cut_off,
        )

    def _agent(self, run: Run) -> AgentInfo:
        settings = self.settings
        script = rehearsal.script_for(settings.agent, run, settings.seed)
        if script is None:
            return AgentInfo(spec=settings.agent, model=settings.model)
        rehearsed = settings.agent == "rehearsal"
        return AgentInfo(
            spec=settings.agent,
            scripted=True,
            script=script.name,
            intended_outcome=str(script.intended) if rehearsed else None,
        )

    def _snapshot(self, run: Run, kept: Snapshot, number: int) -> SnapshotInfo:
        return SnapshotInfo(
            path=self._relative(run, "archive", number),
            sha256=kept.archive_sha256,
            files=len(kept.manifest),
            bytes=kept.bytes,
            left_out=_left_out(kept),
            manifest=kept.manifest,
        )

    def _relative(self, run: Run, which: str, number: int) -> str:
        path = getattr(self.store, which)(run.id, number)
        return str(path.relative_to(self.store.results).as_posix())


def write_output_log(store: RunStore, record: RunRecord) -> None:
    """Each hidden test's answer, for people."""
    lines = [f"{record.run_id}: {record.outcome} ({record.detail})", ""]
    for check in record.checks:
        word = "pass" if check.passed else "FAIL"
        lines.append(f"{word}  {one_line(check.name)}")
        lines += [f"      {one_line(line)}" for line in check.message.splitlines()]
    path = store.output_log(record.run_id, record.number)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _measured(played: Played) -> Measured:
    result, judgement = played.result, played.judgement
    return Measured(
        duration=played.duration,
        laying=played.laying,
        asked=result.began,
        trying=result.duration,
        keeping=played.keeping,
        checking=played.checking,
        slot_wait=played.slot_wait,
        working=result.working_seconds,
        cpu_seconds=result.cpu_seconds + judgement.cpu_seconds,
        peak_rss_mb=result.peak_rss_mb,
    )


def _loop_rule(events: Iterable[Event]) -> str | None:
    rules = (finding.rule for finding in findings(history_of(events)))
    return next((rule for rule in rules if rule in LOOP_RULES), None)


def _shadow_stops(events: Sequence[Event]) -> list[str]:
    """Each rule once, in the order in which they would have stopped the run."""
    rules = [text(event, "rule") for event in events if event["event"] == "shadow"]
    return [rule for rule in dict.fromkeys(rules) if rule in LOOP_RULES]


def _most_frequent(counts: dict[str, int]) -> dict[str, int]:
    return dict(Counter(counts).most_common(FINGERPRINTS_CAP))


def _detail(result: TryResult, judgement: Judgement, outcome: Outcome) -> str:
    """One sentence for people."""
    failed = [check.name for check in judgement.checks if not check.passed]
    parts = [result.detail] if outcome is not Outcome.PASSED else []
    if failed:
        total = len(judgement.checks)
        parts.append(f"{len(failed)} of {total} hidden tests failed, first {failed[0]}")
    if judgement.detail:
        parts.append(judgement.detail)
    return one_line("; ".join(part for part in parts if part))[:DETAIL_CAP]


def _left_out(kept: Snapshot) -> list[str]:
    shown = [one_line(line) for line in kept.left_out[:LEFT_OUT_CAP]]
    more = len(kept.left_out) - len(shown)
    return [*shown, f"and {more} more"] if more else shown


def _clean(text: str) -> str:
    """Agent text may hold halves of surrogate pairs, which no file can."""
    return text.encode("utf-8", "replace").decode()
