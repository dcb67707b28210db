"""One run, from plan to record.

    workspace ─► try ─► kill all ─► snapshot ─► verify ─► outcome ─► record ─► tidy

The slot at the model server is taken before, by a fixture, so that queueing is nobody's
working time, and given back when the try is over. The order at the end matters: nothing
may live when the snapshot is taken, and pytest hears of a run only when its record is
on disk.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pytest_overnight import workspace
from pytest_overnight.agents import rehearsal
from pytest_overnight.agents.attempt import Order
from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.plan import Run
from pytest_overnight.catalog.plan import wall_cap
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.machine import read_machine
from pytest_overnight.recording import Played
from pytest_overnight.recording import Recorder
from pytest_overnight.recording import TryResult
from pytest_overnight.recording import broken
from pytest_overnight.recording import cancelled
from pytest_overnight.recording import write_output_log
from pytest_overnight.records import clock
from pytest_overnight.records.clock import now
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.plain import make_plain
from pytest_overnight.records.record import MachineState
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.store import RunStore
from pytest_overnight.recovery import FINISHED
from pytest_overnight.recovery import UNVERIFIABLE
from pytest_overnight.recovery import FinishedTry
from pytest_overnight.recovery import has_record_of_last_try
from pytest_overnight.recovery import record_lost
from pytest_overnight.recovery import ungraded
from pytest_overnight.resources import Slot
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.sandbox.removal import remove_tree
from pytest_overnight.sandbox.supervisor import Reply
from pytest_overnight.sandbox.supervisor import WarmServer
from pytest_overnight.settings import Settings
from pytest_overnight.surroundings import Surroundings
from pytest_overnight.workspace import Snapshot


class _Place:
    """Where one try of a run is played."""

    def __init__(self, store: RunStore, run: Run, number: int) -> None:
        self.run, self.number = run, number
        self.folder = store.workspace(run.id, number)
        self.tree = self.folder.with_name(f"{self.folder.name}.snapshot")


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
        self._protected = sandbox.protected
        self._signals_get_out = "signal" in sandbox.open
        self._store = RunStore(settings.results)
        self._recorder = Recorder.of(settings, sandbox)
        payload = {
            "settings": settings.to_json(),
            "level": sandbox.level,
            "invocation_folder": os.getcwd(),  # noqa: PTH109 - a text for sys.path
        }
        target = "pytest_overnight.agents.attempt:prepare"
        logs = self._store.logs
        self._logs = [logs / f"server-{worker}-{who}.txt" for who in ("try", "judge")]
        self._tries = WarmServer(target, payload, log=self._logs[0])
        self._verifier = Verifier(challenges, level=sandbox.level, log=self._logs[1])

    def close(self) -> None:
        """End both servers and everything below them."""
        self._tries.close()
        self._verifier.close()
        for log in self._logs:
            with suppress(OSError):
                make_plain(log)  # the user's own agent prints what it likes

    def play(self, run: Run, *, nodeid: str, slot: Slot | None = None) -> RunRecord:
        """Play one run; the record is on disk when this returns.

        What an earlier process left of it counts: a record that stands is returned, a
        finished try is graded, one that was cut off is recorded before the next
        begins. A fault of the harness makes the run void, and its record says which;
        so does a Ctrl-C, which then goes on. ``slot`` is released as soon as the try
        has ended. Raises :class:`OSError` only when not even a record can be written.
        """
        former = self._store.read_run(run.id)
        if former is not None and former.done:
            return former
        if finished := ungraded(self._store, run.id):
            number = finished.number
            self._store.journal.note("regraded", run_id=run.id, **{"try": number})
            place = _Place(self._store, run, number)
            return self._recorded(
                place, nodeid, lambda begun: self._grade(place, finished)
            )
        lost = self._store.last_try(run.id)
        if lost and not has_record_of_last_try(self._store, run.id):
            record_lost(self._recorder, run, nodeid, lost)
        slot = slot or Slot()
        machine = read_machine(self._settings)  # asks the server: nobody's time
        place = _Place(self._store, run, self._store.begin_try(run.id))
        return self._recorded(
            place, nodeid, lambda begun: self._play(place, slot, machine, begun)
        )

    def _recorded(
        self, place: _Place, nodeid: str, play: Callable[[float], Played]
    ) -> RunRecord:
        """Whatever comes of ``play``, which gets the clock of its beginning."""
        interrupt: KeyboardInterrupt | None = None
        started, begun = now(), clock.wall()
        run, number = place.run, place.number
        try:
            try:
                played = play(begun)
            except KeyboardInterrupt as problem:
                played = cancelled("the night was interrupted")
                interrupt = problem
            except Exception as problem:
                played = broken(problem)
            played.started, played.ended = played.started or started, now()
            played.duration += clock.wall() - begun
            # No script means to end so: a rehearsal plays such a run once more.
            played.cut_off |= played.result.stop is Stop.SETUP
            record = self._recorder.record(run, nodeid, played, number)
            self._store.write_run(record)
            with suppress(OSError):  # the record is safe; these are for reading
                write_output_log(self._store, record)
                self._keep_failed(record, place.tree)
            if interrupt:
                raise interrupt
            return record
        finally:
            with suppress(OSError):
                remove_tree(place.folder)
                remove_tree(place.tree)

    def _play(
        self, place: _Place, slot: Slot, machine: MachineState, begun: float
    ) -> Played:
        started, run = now(), place.run
        start_digest = workspace.lay(run.challenge, place.folder)
        laid = clock.wall()
        result = self._watched_try(place)
        slot.release()
        tried = clock.wall()
        archive = self._store.archive(run.id, place.number)
        kept = workspace.take_snapshot(place.folder, archive, place.tree)
        safe = clock.wall()
        finished = FinishedTry(
            place.number,
            result,
            start_digest,
            kept.archive_sha256,
            tuple(kept.left_out),
            started,
            laying=laid - begun,
            keeping=safe - tried,
            slot_wait=slot.waited,
            machine=machine.model_dump(),
        )
        self._mark_finished(place, finished, kept.digest)
        return self._judged(place, finished, kept)

    def _grade(self, place: _Place, finished: FinishedTry) -> Played:
        """The work was done before this process began: only its verdict is lacking."""
        archive = self._store.archive(place.run.id, place.number)
        kept = workspace.restore(archive, finished.archive_sha256, place.tree)
        kept.left_out = list(finished.left_out)
        played = self._judged(place, finished, kept)
        played.started = finished.started
        parts = (finished.laying, finished.result.duration, finished.keeping)
        played.duration = sum(parts)
        return played

    def _judged(self, place: _Place, finished: FinishedTry, kept: Snapshot) -> Played:
        begun = clock.wall()
        judgement = self._judge(place.run, finished.result, place.tree)
        return Played(
            finished.result,
            judgement,
            finished.start_digest,
            kept,
            laying=finished.laying,
            keeping=finished.keeping,
            checking=clock.wall() - begun,
            slot_wait=finished.slot_wait,
            machine=MachineState(**finished.machine) if finished.machine else None,
        )

    def _judge(self, run: Run, result: TryResult, tree: Path) -> Judgement:
        if result.stop in UNVERIFIABLE:
            return Judgement(Verdict.NOT_RUN, ())
        return self._verifier.verify(run.challenge, tree, run.seed)

    def _watched_try(self, place: _Place) -> TryResult:
        """The try, and whether the agent kept to its workspace."""
        around = Surroundings(place.folder, place.run.challenge)
        try:
            result = self._try(place)
            breach, changed = around.breach(), around.changed_challenge()
        finally:
            with suppress(OSError):
                around.remove()
        if result.stop in {Stop.CANCELLED, Stop.LLM_CONFIG}:
            return result
        if changed and self._protected:
            result.stop, result.detail = Stop.SETUP, changed
        elif breach or changed:
            result.stop, result.detail = Stop.ISOLATION, breach or changed
        return result

    def _try(self, place: _Place) -> TryResult:
        settings, run, number = self._settings, place.run, place.number
        script = rehearsal.script_for(settings.agent, run, settings.seed)
        order = Order(
            run_id=run.id,
            folder=str(run.challenge.folder),
            workspace=str(place.folder),
            events=str(self._store.events_log(run.id, number)),
            log=str(self._store.ledger_log(run.id, number)),
            seed=run.seed,
            script=script.name if script else None,
        )
        cap = wall_cap(run.challenge, self._settings)
        started, began, asked = now(), time.time(), clock.wall()
        reply = self._tries.request(dataclasses.asdict(order), wall_cap=cap)
        result = self._result(reply, run)
        result.cpu_seconds = reply.cpu_seconds
        result.peak_rss_mb = reply.peak_rss_mb
        result.started, result.began = started, began
        result.duration = clock.wall() - asked
        return result

    def _result(self, reply: Reply, run: Run) -> TryResult:
        value = reply.value
        if reply.ok:
            return TryResult(
                Stop(value["stop"]),
                value["detail"],
                working_seconds=value["working_seconds"],
            )
        if reply.timed_out:
            detail = "killed at the wall cap"
            limit = run.challenge.timeout_seconds / self._settings.time_scale
            return TryResult(Stop.DEADLINE, detail, working_seconds=limit)
        # A try that ends without a word: the user's own agent can do that to itself,
        # and so can agent code that may signal what is outside its box.
        own = ":" in self._settings.agent or self._signals_get_out
        stop = Stop.CRASH if own else Stop.SETUP
        return TryResult(stop, f"the try died: {reply.error}")

    def _mark_finished(self, place: _Place, finished: FinishedTry, digest: str) -> None:
        """Only now, with the workspace safe, is the try over."""
        run_id, number = place.run.id, place.number
        ledger = Ledger(
            self._store.events_log(run_id, number),
            self._store.ledger_log(run_id, number),
        )
        ledger.write(FINISHED, workspace=digest, **finished.to_event())
        ledger.close()

    def _keep_failed(self, record: RunRecord, tree: Path) -> None:
        if record.success is False:
            place = self._store.failed / record.run_id
            remove_tree(place)
            shutil.move(tree, place)
