"""The night itself: its phases in order, what is played again, what is added."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_overnight.orchestration.budget import ENDLESS
from pytest_overnight.orchestration.budget import Deadline
from pytest_overnight.orchestration.budget import shown
from pytest_overnight.orchestration.children import INTERRUPTED
from pytest_overnight.orchestration.children import Stopping
from pytest_overnight.orchestration.evening import Evening
from pytest_overnight.orchestration.opening import add_run
from pytest_overnight.orchestration.passes import MOST_PASSES
from pytest_overnight.orchestration.passes import left_over
from pytest_overnight.orchestration.passes import next_repetition
from pytest_overnight.orchestration.passes import one_more_pass
from pytest_overnight.orchestration.passes import so_far
from pytest_overnight.orchestration.phases import HRM
from pytest_overnight.orchestration.phases import REPORT
from pytest_overnight.orchestration.phases import Phase
from pytest_overnight.orchestration.phases import report_reserve
from pytest_overnight.orchestration.phases import seconds_for
from pytest_overnight.orchestration.pytest_command import environment
from pytest_overnight.orchestration.pytest_command import hrm_folder
from pytest_overnight.records.session import challenge_of
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock

if TYPE_CHECKING:
    from pytest_overnight.records.session import SessionFacts

BROKEN = (3, 4)
"""pytest: an internal error, a usage error. Failed tests are 1, and runs tell more."""


class Conductor:
    """Starts one pytest process after the other until all is played, or time is up."""

    def __init__(
        self,
        evening: Evening,
        facts: SessionFacts,
        store: RunStore,
        lock: SessionLock,
        stopping: Stopping,
    ) -> None:
        """``lock``: of the session ``facts``, which the children join."""
        self._evening = evening
        self._facts = facts
        self._store = store
        self._lock = lock
        self._stopping = stopping
        self._playing = [phase for phase in evening.phases if phase != REPORT]
        self._agents = [phase for phase in evening.phases if phase.levels]
        left = evening.deadline.left()
        self._deadline = Deadline(left - report_reserve(left, evening.phases))
        """When nothing more is started; the report has its time behind it."""
        self.broke = False
        """Whether a pytest process failed otherwise than by its runs."""

    def play(self) -> None:
        """The whole night, but for its report."""
        try:
            self._play()
        except OSError as problem:  # as when a disk is full: what there is, is closed
            print(f"The night cannot go on: {problem}", file=sys.stderr)
            self.broke = True

    def _play(self) -> None:
        for number in range(len(self._playing)):
            self._phase(self._playing[number:])
        self._passes()
        if self._may_add_runs():
            self._add_runs()

    @property
    def out_of_time(self) -> bool:
        """Whether the night's own limit is why nothing more is started."""
        return not self._deadline.left()

    # -- phases -----------------------------------------------------------------------

    def _phase(self, phases: Sequence[Phase]) -> None:
        """Play the first of ``phases``, which are all that are still to come."""
        phase = phases[0]
        seconds = seconds_for(phases, self._deadline.left())
        if self._stopping.asked or (phase.levels and self._is_over()):
            return
        if not seconds:
            _say(f"phase {phase.name}: no time is left for it")
            return
        if phase == HRM:
            self._hrm(seconds)
            return
        runs = len(self._evening.rest.of(phase))
        _say(f"phase {phase.name}: {_runs(runs)}{_at_most(seconds)}")
        self._child(self._evening.command.play([phase], seconds))

    def _hrm(self, seconds: float) -> None:
        """The model's tasks take times and a GPU: nothing else may use either."""
        folder = hrm_folder()
        if folder is None:
            return
        _say(f"phase HRM: {folder.name}{_at_most(seconds)}")
        settings = self._evening.plan.settings
        if settings.agent == "ollama":
            from pytest_overnight.models.ollama_server import unload

            if not unload(settings.host, settings.model):
                print(f"{settings.model} could not be unloaded: times may be worse")
        line = self._evening.command.hrm(folder)
        status = self._child(line, None if seconds == ENDLESS else Deadline(seconds))
        self.broke |= status == 1

    def _child(self, line: Sequence[str], deadline: Deadline | None = None) -> int:
        lock = self._lock.descriptor
        env = environment(self._facts.id, lock)
        status = self._stopping.run(line, env, lock, deadline)
        self.broke |= status in BROKEN or status < 0
        if status == INTERRUPTED and (deadline is None or deadline.left()):
            self._stopping.asked = True  # it, or one of its workers, was told alone
        return status

    # -- what is played again, and what is added --------------------------------------

    def _passes(self) -> None:
        planned = [run.run_id for run in self._evening.plan.runs]
        left = former = len(left_over(planned, self._store.read_runs()))
        for number in range(MOST_PASSES):
            if self._stopping.asked or not one_more_pass(
                number,
                left,
                former,
                healthy=self._healthy(),
                seconds=self._deadline.left(),
            ):
                return
            _say(f"once more: {_runs(left)} void or not reached")
            line = self._evening.command.play(self._agents, self._deadline.left())
            if self._child(line) in BROKEN:
                return
            former, left = left, len(left_over(planned, self._store.read_runs()))

    def _is_over(self) -> bool:
        """A phase before waited in vain for what all of them need."""
        from pytest_overnight.records.session import read_session

        facts = read_session(self._store.journal.read())
        ended = facts.ended_kind if facts else ""
        return ended in ("disk", "memory") or (
            ended == "server" and not self._healthy()
        )

    def _healthy(self) -> bool:
        settings = self._evening.plan.settings
        if settings.agent != "ollama":
            return True
        from pytest_overnight.models.ollama_server import check_server

        return check_server(settings.host, settings.model) is None

    def _may_add_runs(self) -> bool:
        request, settings = self._evening.request, self._evening.plan.settings
        exact = any("-run-" in word for word in (request.keyword, *request.rest))
        return self._deadline.set and not (settings.scripted or exact)

    def _add_runs(self) -> None:
        """Spare time goes where it tells most, one repetition after the other."""
        challenges = self._evening.plan.repetitions()
        while not self._stopping.asked:
            planned = [run for run in self._plan() if challenge_of(run) in challenges]
            known = so_far(planned, self._store.read_runs())
            best = next_repetition(known, self._deadline.left())
            if best is None:
                return
            run_id = best.next_run
            _say(f"time to spare: {run_id}")
            add_run(self._store, self._evening.plan, self._facts, run_id)
            left = self._deadline.left()
            self._child(self._evening.command.one_run(self._agents, run_id, left))
            record = self._store.read_run(run_id)
            if record is None or not record.counted:
                return

    def _plan(self) -> tuple[str, ...]:
        """As the session has it by now."""
        from pytest_overnight.records.session import read_session

        facts = read_session(self._store.journal.read())
        return facts.plan if facts else ()


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"


def _at_most(seconds: float) -> str:
    return "" if seconds == ENDLESS else f", at most {shown(seconds)}"


def _say(text: str) -> None:
    print(f"\n{f'=== {text} ':=<80}", flush=True)
