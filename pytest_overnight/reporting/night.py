"""A night as it lies on disk: the master log and the records, nothing else.

A report must come out of whatever the night left behind. A file that cannot be used
is left out and named, with what to do about it; it never stops the report.
"""

from __future__ import annotations

import gc
import math
from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_overnight.records.evidence import contradiction
from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.master import derive_master
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import Criterion
from pytest_overnight.records.record import LevelResult
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.session import read_session
from pytest_overnight.records.store import RunStore
from pytest_overnight.reporting.reading import TooNewError
from pytest_overnight.reporting.reading import UnusableError
from pytest_overnight.reporting.reading import lies_in
from pytest_overnight.reporting.reading import read_model

AGAIN = "The command pytest-overnight doctor says what can be done about it."
RUN_AGAIN = "Run that task again to have it written anew."
FROM_JOURNAL = "what it must say was derived from the journal and the records."
FROM_RECORDS = (
    "how many runs were planned is not known, and the report stands on the run records "
    "alone. Resume the night to have it written again."
)
OLD_STRETCH = "Stretch: "


class ReportError(Exception):
    """Why there can be no report at all, in words for the user."""


@dataclass(frozen=True, slots=True)
class Night:
    """What one night left behind."""

    master: MasterLog | None
    """Null when ``master_log.json`` is missing or cannot be used, and the journal does
    not tell what was planned."""
    runs: tuple[RunRecord, ...]
    """Usable records of this session, sorted by run id."""
    problems: tuple[str, ...]
    """Plain text, one a file: which, what is wrong with it, what to do."""
    hrm: tuple[HrmRecord, ...] = ()
    """Usable records of this session's HRM-JEPA tasks, by task id; their figures are
    there."""

    @property
    def session_id(self) -> str | None:
        """``overnight-YYYY-MM-DD``; null when nothing could be read."""
        return _session(self.master, self.runs or self.hrm)

    @property
    def agents(self) -> list[AgentInfo]:
        """Each run's agent; of a night without runs, the one that was asked for."""
        infos = [run.agent for run in self.runs]
        return infos or ([self.master.agent] if self.master else [])

    @property
    def scripted(self) -> bool:
        """Whether any of it is a script's work and not a model's."""
        return any(info.scripted for info in self.agents)


def load_night(results: Path) -> Night:
    """Read ``master_log.json``, ``runs/*.json`` and ``hrm/*.json`` of a results folder.

    Where the master log is missing, it is derived from the journal; without one, the
    session with the most records is taken for the night. Raises :class:`ReportError`
    when no night was ever begun there.
    """
    store = RunStore(results)
    _check_begun(store)
    problems: list[str] = []
    with uncollected():
        records = _load_runs(store.runs, problems)
    tasks = _load_hrm(store.hrm, problems)
    master = _load_master(store, records, tasks, problems)
    session = _session(master, records or tasks)
    runs = [run for run in records if run.session_id == session]
    problems += [_foreign(run, session) for run in records if run.session_id != session]
    if master is not None:
        problems += _disagreements(master, runs)
    own = [task for task in tasks if task.session_id == session]
    problems += [_foreign_task(t, session) for t in tasks if t.session_id != session]
    hrm = tuple(_with_figures(task, results, problems) for task in own)
    return Night(master, tuple(runs), tuple(problems), hrm)


@contextmanager
def uncollected() -> Iterator[None]:
    """Records hold no cycles: to search them takes two thirds of reading 10,000."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _check_begun(store: RunStore) -> None:
    try:
        begun = any(path.exists() for path in (store.master_log, store.journal.path))
        begun = begun or store.runs.is_dir() or store.hrm.is_dir()
    except OSError as error:
        raise ReportError(
            f"{store.results} cannot be read ({error.strerror})."
        ) from None
    if not begun:
        raise ReportError(
            f"No night lies in {store.results}. Give the folder that holds "
            "master_log.json, overnight_results by default."
        )


def _load_master(
    store: RunStore,
    runs: Sequence[RunRecord],
    tasks: Sequence[HrmRecord],
    problems: list[str],
) -> MasterLog | None:
    try:
        if not store.master_log.exists():
            raise UnusableError("is missing")
        master = read_model(store.master_log, MasterLog)
        _check_figures(master)
    except TooNewError as too_new:
        problems.insert(0, f"master_log.json {too_new}.")
        return None
    except UnusableError as unusable:
        derived = _derived_master(store, runs, tasks)
        instead = FROM_JOURNAL if derived else FROM_RECORDS
        problems.insert(0, f"master_log.json {unusable}: {instead}")
        return derived
    return master.model_copy(update={"criteria": [*map(_as_today, master.criteria)]})


def _as_today(criterion: Criterion) -> Criterion:
    """Older master logs tell a goal beyond the minimum by its name."""
    plain = criterion.name.removeprefix(OLD_STRETCH)
    if plain == criterion.name:
        return criterion
    name = plain[:1].upper() + plain[1:]
    return criterion.model_copy(update={"name": name, "stretch": True})


def _derived_master(
    store: RunStore, runs: Sequence[RunRecord], tasks: Sequence[HrmRecord]
) -> MasterLog | None:
    """What the journal and the records say it must be; ``None``: the journal is none.

    Anybody may have edited a line of the journal.
    """
    try:
        facts = read_session(store.journal.read())
        if facts is None:
            return None
        own = [run for run in runs if run.session_id == facts.id]
        return derive_master(
            facts, own, report_written=True, logged=store.logged(own), hrm=tasks
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _check_figures(master: MasterLog) -> None:
    """No count below zero, no time that is none; raises :class:`UnusableError`."""
    parts: list[MasterLog | LevelResult] = [master, *master.results_by_level.values()]
    for part in parts:
        ran = (part.tests_run, part.tests_passed, part.tests_failed)
        if min(part.planned, part.void, part.not_reached, *ran) < 0:
            raise UnusableError("has a count below zero")
    if not (math.isfinite(master.total_duration) and master.total_duration >= 0):
        raise UnusableError("has a total_duration that is no number of seconds")


def _load_runs(folder: Path, problems: list[str]) -> list[RunRecord]:
    runs, newer = [], []
    # Hidden names are files that are still being written.
    paths = (p for p in folder.glob("*.json") if not p.name.startswith("."))
    for path in sorted(paths):
        try:
            run = read_model(path, RunRecord)
            if wrong := contradiction(run, path.stem):
                raise UnusableError(wrong)
        except TooNewError as too_new:
            newer.append(f"runs/{path.name} {too_new}")
        except UnusableError as unusable:
            problems.append(f"runs/{path.name} {unusable}. It is left out. {AGAIN}")
        else:
            runs.append(run)
    problems += _newer(newer)
    return sorted(runs, key=lambda run: run.run_id)


def _newer(said: Sequence[str]) -> list[str]:
    """One line for all of them: a whole night may be newer."""
    if not said:
        return []
    others = len(said) - 1
    more = f", and so are {others} more like it" if others > 1 else ""
    more = ", and so is one more like it" if others == 1 else more
    return [f"{said[0]}. It is left out{more}."]


def _load_hrm(folder: Path, problems: list[str]) -> list[HrmRecord]:
    tasks = []
    for path in sorted(folder.glob("HRM-*.json")):
        try:
            task = read_model(path, HrmRecord)
            if task.task_id != path.stem:
                raise UnusableError(f"holds the record of another task, {task.task_id}")
        except TooNewError as too_new:
            problems.append(f"hrm/{path.name} {too_new}. It is left out.")
        except UnusableError as unusable:
            problems.append(f"hrm/{path.name} {unusable}. It is left out. {RUN_AGAIN}")
        else:
            tasks.append(task)
    return tasks


def _foreign_task(task: HrmRecord, session: str | None) -> str:
    return (
        f"hrm/{task.task_id}.json belongs to session {task.session_id}, not to "
        f"{session}. It is left out. {RUN_AGAIN}"
    )


def _with_figures(task: HrmRecord, results: Path, problems: list[str]) -> HrmRecord:
    """The same with those of its figures that are there."""
    there = [figure for figure in task.figures if lies_in(results, figure)]
    if gone := [figure for figure in task.figures if figure not in there]:
        problems.append(
            f"hrm/{task.task_id}.json names figures that are not there: "
            f"{', '.join(gone)}."
        )
    return task.model_copy(update={"figures": there})


def _session(
    master: MasterLog | None, records: Sequence[RunRecord] | Sequence[HrmRecord]
) -> str | None:
    if master is not None:
        return master.session_id
    counts = Counter(record.session_id for record in records)
    return max(counts, key=lambda session: (counts[session], session), default=None)


def _foreign(run: RunRecord, session: str | None) -> str:
    return (
        f"runs/{run.run_id}.json belongs to session {run.session_id}, not to "
        f"{session}. It is left out. Move it to history/{run.session_id}/runs/."
    )


def _disagreements(master: MasterLog, runs: list[RunRecord]) -> list[str]:
    """Counts of the master log that the records do not bear out."""
    pairs = {
        "counted runs": (master.tests_run, sum(r.counted for r in runs)),
        "solved runs": (master.tests_passed, sum(r.success is True for r in runs)),
        "void runs": (master.void, sum(not r.counted for r in runs)),
    }
    said = [f"{a} {what} (records: {b})" for what, (a, b) in pairs.items() if a != b]
    if not said:
        return []
    return [
        f"master_log.json and runs/ disagree: it says {', '.join(said)}. The report "
        "goes by the records."
    ]
