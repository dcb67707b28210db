"""From what happened in a run to its record."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_overnight.agents import rehearsal
from pytest_overnight.catalog.plan import Run
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.records.ledger import one_line
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import Check
from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.records.record import SnapshotInfo
from pytest_overnight.records.record import Try
from pytest_overnight.records.store import WORKSPACES
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.tally import Tally
from pytest_overnight.records.tally import tally
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.rules.outcome import classify
from pytest_overnight.settings import Settings
from pytest_overnight.workspace import Snapshot

DETAIL_CAP = 500
"""Characters of the sentence that says why a run ended so."""
LEFT_OUT_CAP = 200
"""Entries of a workspace that are named in its record as not kept."""


@dataclass(slots=True)
class TryResult:
    """What came back of a try, or what is known of one that was killed."""

    stop: Stop
    detail: str
    looping: bool = False
    working_seconds: float = 0.0
    tags: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0
    started: str = ""
    duration: float = 0.0


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
    slot_wait: float = 0.0

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


@dataclass(slots=True)
class Recorder:
    """Makes the records of one session."""

    store: RunStore
    settings: Settings
    sandbox: SandboxInfo

    def record(self, run: Run, nodeid: str, played: Played) -> RunRecord:
        """The record of one run; counts and times are read off its ledger."""
        result, judgement, kept = played.result, played.judgement, played.kept
        counts = tally(read_events(self.store.events_log(run.id)))
        outcome = classify(
            result.stop,
            judgement.verdict,
            changed=played.changed,
            looping=result.looping,
            infra_share=counts.infra_wait_seconds / max(result.duration, 1e-9),
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
            workspace=f"{WORKSPACES}/{run.id}",
            output_log=self._relative(run, "output_log"),
            agent_ledger=self._relative(run, "ledger_log"),
            performance=_performance(played, counts),
            session_id=self.settings.session_id,
            level=run.challenge.level,
            nodeid=nodeid,
            counted=outcome.counted,
            outcome=str(outcome),
            stop=str(result.stop),
            verdict=str(judgement.verdict),
            detail=_detail(result, judgement, outcome),
            tags=[one_line(tag) for tag in result.tags],
            tries=[_try_of(result)],
            checks=[
                Check(name=_clean(c.name), passed=c.passed, message=_clean(c.message))
                for c in judgement.checks
            ],
            agent=self._agent(run),
            sandbox=self.sandbox,
            snapshot=self._snapshot(run, kept) if kept else None,
            digests={name: digest for name, digest in digests.items() if digest},
            seed=run.seed,
        )

    def _agent(self, run: Run) -> AgentInfo:
        settings = self.settings
        script = rehearsal.script_for(settings.agent, run.challenge, run.seed)
        if script is None:
            return AgentInfo(spec=settings.agent, model=settings.model)
        rehearsed = settings.agent == "rehearsal"
        return AgentInfo(
            spec=settings.agent,
            scripted=True,
            script=script.name,
            intended_outcome=str(script.intended) if rehearsed else None,
        )

    def _snapshot(self, run: Run, kept: Snapshot) -> SnapshotInfo:
        return SnapshotInfo(
            path=self._relative(run, "archive"),
            sha256=kept.archive_sha256,
            files=len(kept.manifest),
            bytes=kept.bytes,
            left_out=_left_out(kept),
            manifest=kept.manifest,
        )

    def _relative(self, run: Run, which: str) -> str:
        path = getattr(self.store, which)(run.id)
        return str(path.relative_to(self.store.results).as_posix())


def _performance(played: Played, counts: Tally) -> Performance:
    result, judgement = played.result, played.judgement
    return Performance(
        working_seconds=round(result.working_seconds, 3),
        llm_seconds=round(counts.llm_seconds, 3),
        tool_seconds=round(counts.tool_seconds, 3),
        infra_wait_seconds=round(counts.infra_wait_seconds, 3),
        slot_wait_seconds=round(played.slot_wait, 3),
        check_seconds=round(judgement.seconds, 3),
        cpu_seconds=round(result.cpu_seconds + judgement.cpu_seconds, 4),
        peak_rss_mb=round(result.peak_rss_mb, 1),
        prompt_tokens=counts.prompt_tokens,
        output_tokens=counts.output_tokens,
        max_prompt_tokens=counts.max_prompt_tokens,
        tokens_per_second=counts.tokens_per_second,
        time_to_first_token_seconds=counts.median_first_token_seconds,
        time_to_first_action_seconds=counts.time_to_first_action_seconds,
        llm_calls=counts.llm_calls,
        retries=counts.retries,
        actions_failed=counts.actions_failed,
        actions_repaired=counts.actions_repaired,
        nudges=counts.nudges,
    )


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


def _try_of(result: TryResult) -> Try:
    return Try(
        number=1,
        stop=str(result.stop),
        detail=one_line(result.detail)[:DETAIL_CAP],
        started=result.started,
        duration=round(result.duration, 3),
    )


def _left_out(kept: Snapshot) -> list[str]:
    shown = [one_line(line) for line in kept.left_out[:LEFT_OUT_CAP]]
    more = len(kept.left_out) - len(shown)
    return [*shown, f"and {more} more"] if more else shown


def _clean(text: str) -> str:
    """Agent text may hold halves of surrogate pairs, which no file can."""
    return text.encode("utf-8", "replace").decode()
