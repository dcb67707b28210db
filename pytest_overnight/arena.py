"""One run, from plan to record.

    workspace ─► try ─► kill all ─► snapshot ─► verify ─► outcome ─► record ─► tidy

The slot at the model server is taken before, by a fixture, so that queueing is nobody's
working time. The order at the end matters: nothing may live when the snapshot is
taken, and pytest hears of a run only when its record is on disk.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_overnight import workspace
from pytest_overnight.agents import rehearsal
from pytest_overnight.agents.attempt import Order
from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.plan import Run
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import Check
from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.records.record import SnapshotInfo
from pytest_overnight.records.record import Try
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import now
from pytest_overnight.records.tally import Tally
from pytest_overnight.records.tally import tally
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.rules.outcome import classify
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.sandbox.runtime import prepare_runtime
from pytest_overnight.sandbox.supervisor import WarmServer
from pytest_overnight.settings import Settings

WORKSPACES = ".agent_workspace"
UNVERIFIABLE = {Stop.SETUP, Stop.LLM_CONFIG, Stop.CANCELLED}
"""Stops after which there is nothing to judge."""


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


class Arena:
    """Plays runs one after the other; one arena a worker, its servers kept warm."""

    def __init__(
        self,
        settings: Settings,
        challenges: Sequence[Challenge],
        sandbox: SandboxReport,
        worker: str,
    ) -> None:
        """Start the try server and the judge server of this worker."""
        self._settings = settings
        self._sandbox = sandbox
        self._store = RunStore(settings.results)
        self._runtime = prepare_runtime()
        logs = settings.results / "logs"
        payload = {
            "settings": settings.to_json(),
            "level": sandbox.level,
            "invocation_folder": os.getcwd(),  # noqa: PTH109 - a text for sys.path
        }
        target = "pytest_overnight.agents.attempt:prepare"
        self._tries = WarmServer(target, payload, log=logs / f"server-{worker}-try.txt")
        judge_log = logs / f"server-{worker}-judge.txt"
        self._verifier = Verifier(challenges, level=sandbox.level, log=judge_log)

    def close(self) -> None:
        """End both servers and everything below them."""
        self._tries.close()
        self._verifier.close()

    def play(self, run: Run, *, nodeid: str, slot_wait: float = 0.0) -> RunRecord:
        """Play one run; the record is on disk when this returns."""
        started, clock = now(), time.monotonic()
        self._store.note("started", run_id=run.id)
        folder = self._workspace(run)
        tree = folder.with_name(f".{run.id}.snapshot")
        try:
            start_digest = workspace.lay(run.challenge, folder)
            result = self._try(run, folder)
            kept = workspace.take_snapshot(folder, self._store.archive(run.id), tree)
            self._mark_finished(run, kept.digest)
            changed = kept.digest != start_digest or bool(kept.left_out)
            judgement = self._judge(run, result, tree)
            record = self._record(run, result, kept, judgement, changed)
            record.nodeid = nodeid
            record.timestamp_start, record.timestamp_end = started, now()
            record.duration = round(time.monotonic() - clock, 3)
            record.performance.slot_wait_seconds = round(slot_wait, 3)
            record.digests["workspace_start"] = start_digest
            self._write_output_log(record)
            self._store.write_run(record)
            self._keep_failed(record, tree)
            return record
        finally:
            workspace.remove_tree(folder)
            workspace.remove_tree(tree)

    def _workspace(self, run: Run) -> Path:
        results = self._settings.results
        return results.parent / WORKSPACES / results.name / run.id

    def _try(self, run: Run, folder: Path) -> TryResult:
        script = rehearsal.script_for(self._settings.agent, run.challenge, run.seed)
        order = Order(
            run_id=run.id,
            folder=str(run.challenge.folder),
            workspace=str(folder),
            events=str(self._store.events_log(run.id)),
            log=str(self._store.ledger_log(run.id)),
            seed=run.seed,
            script=script.name if script else None,
        )
        limit = run.challenge.timeout_seconds / self._settings.time_scale
        cap = limit + self._settings.infra_grace + 60
        started, clock = now(), time.monotonic()
        reply = self._tries.request(dataclasses.asdict(order), wall_cap=cap)
        result = _result(reply.ok, reply.value, reply.error, reply.timed_out)
        result.cpu_seconds = reply.cpu_seconds
        result.peak_rss_mb = reply.peak_rss_mb
        result.started, result.duration = started, time.monotonic() - clock
        return result

    def _mark_finished(self, run: Run, digest: str) -> None:
        """Only now, with the workspace safe, is the try over."""
        ledger = Ledger(self._store.events_log(run.id), self._store.ledger_log(run.id))
        ledger.write("finished", workspace=digest)
        ledger.close()

    def _judge(self, run: Run, result: TryResult, tree: Path) -> Judgement:
        if result.stop in UNVERIFIABLE:
            return Judgement(Verdict.NOT_RUN, (), "nothing to judge")
        return self._verifier.verify(run.challenge, tree, run.seed)

    def _record(
        self,
        run: Run,
        result: TryResult,
        kept: workspace.Snapshot,
        judgement: Judgement,
        changed: bool,
    ) -> RunRecord:
        counts = tally(read_events(self._store.events_log(run.id)))
        wall = max(result.duration, 1e-9)
        outcome = classify(
            result.stop,
            judgement.verdict,
            changed=changed,
            looping=result.looping,
            infra_share=counts.infra_wait_seconds / wall,
        )
        archive = self._store.archive(run.id)
        return RunRecord(
            run_id=run.id,
            test_id=run.challenge.id,
            attempt=run.repetition,
            timestamp_start=result.started,
            timestamp_end=result.started,
            duration=0.0,
            rounds=counts.rounds,
            actions=counts.actions,
            success=outcome is Outcome.PASSED if outcome.counted else None,
            failure_mode=None if outcome is Outcome.PASSED else str(outcome),
            workspace=f"{WORKSPACES}/{self._settings.results.name}/{run.id}",
            output_log=self._relative(self._store.output_log(run.id)),
            agent_ledger=self._relative(self._store.ledger_log(run.id)),
            performance=_performance(result, counts, judgement),
            session_id=self._settings.session_id,
            level=run.challenge.level,
            nodeid="",
            counted=outcome.counted,
            outcome=str(outcome),
            stop=str(result.stop),
            verdict=str(judgement.verdict),
            detail=_detail(result, judgement, outcome),
            tags=list(result.tags),
            tries=[_try_of(result)],
            checks=[
                Check(name=c.name, passed=c.passed, message=c.message)
                for c in judgement.checks
            ],
            agent=self._agent(run),
            sandbox=SandboxInfo(
                level=self._sandbox.level,
                protected=self._sandbox.protected,
                runtime={**self._runtime.versions, "digest": self._runtime.digest},
            ),
            snapshot=SnapshotInfo(
                path=self._relative(archive),
                sha256=kept.archive_sha256,
                files=len(kept.manifest),
                bytes=kept.bytes,
                left_out=kept.left_out[:200],
                manifest=kept.manifest,
            ),
            digests={
                "challenge": run.challenge.digest,
                "settings": self._settings.digest,
                "workspace_end": kept.digest,
            },
            seed=run.seed,
        )

    def _agent(self, run: Run) -> AgentInfo:
        settings = self._settings
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

    def _write_output_log(self, record: RunRecord) -> None:
        lines = [f"{record.run_id}: {record.outcome} ({record.detail})", ""]
        for check in record.checks:
            lines.append(f"{'pass' if check.passed else 'FAIL'}  {check.name}")
            lines += [f"      {line}" for line in check.message.splitlines()]
        path = self._store.output_log(record.run_id)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")

    def _keep_failed(self, record: RunRecord, tree: Path) -> None:
        if record.success is False:
            place = self._store.failed / record.run_id
            workspace.remove_tree(place)
            shutil.move(tree, place)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._settings.results).as_posix()


def _result(ok: bool, value: dict[str, Any], error: str, timed_out: bool) -> TryResult:
    if ok:
        return TryResult(
            Stop(value["stop"]),
            value["detail"],
            looping=value["looping"],
            working_seconds=value["working_seconds"],
            tags=tuple(value["tags"]),
        )
    if timed_out:
        return TryResult(Stop.DEADLINE, "killed at the wall cap", tags=("wall_cap",))
    return TryResult(Stop.SETUP, f"the try died: {error}")


def _performance(result: TryResult, counts: Tally, judgement: Judgement) -> Performance:
    return Performance(
        working_seconds=round(result.working_seconds, 3),
        llm_seconds=round(counts.llm_seconds, 3),
        tool_seconds=round(counts.tool_seconds, 3),
        infra_wait_seconds=round(counts.infra_wait_seconds, 3),
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
    """One sentence for people, at most 500 characters."""
    failed = [check.name for check in judgement.checks if not check.passed]
    parts = [result.detail] if outcome is not Outcome.PASSED else []
    if failed:
        total = len(judgement.checks)
        parts.append(f"{len(failed)} of {total} hidden tests failed, first {failed[0]}")
    if judgement.detail:
        parts.append(judgement.detail)
    return "; ".join(part for part in parts if part)[:500]


def _try_of(result: TryResult) -> Try:
    return Try(
        number=1,
        stop=str(result.stop),
        detail=result.detail,
        started=result.started,
        duration=round(result.duration, 3),
    )
