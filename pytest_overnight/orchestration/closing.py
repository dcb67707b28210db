"""The end of a night: master log, report, and the exit status."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_overnight.orchestration.children import INTERRUPTED
from pytest_overnight.orchestration.notification import NightResult
from pytest_overnight.records.clock import now
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import StoreError

if TYPE_CHECKING:
    from pytest_overnight.records.record import MasterLog
    from pytest_overnight.records.record import RunRecord
    from pytest_overnight.records.session import SessionFacts

ALL_MEASURED = 0
SOME_FAILED = 1
NOT_STARTED = 4
"""Exit statuses, beside ``INTERRUPTED``."""


def close_night(
    store: RunStore,
    planned: Iterable[str],
    *,
    report: bool,
    interrupted: bool,
    broke: bool,
    out_of_time: bool,
) -> NightResult:
    """Close the session and write what is read of it in the morning.

    ``planned``: run ids of tonight; ``broke``: a pytest process failed otherwise than
    by its runs; ``out_of_time``: the night's own limit has passed. Raises
    :class:`OSError` where nothing can be written any more.
    """
    from pytest_overnight.records.banner import banner
    from pytest_overnight.records.session import CLOSED
    from pytest_overnight.records.session import ENDED

    records = store.read_runs()
    unreached = bool(set(planned) - {record.run_id for record in records})
    ended = _facts(store).ended_kind
    by_budget = unreached and out_of_time and ended in ("", "budget")
    if by_budget and not interrupted:
        store.journal.note(ENDED, kind="budget", reason="its budget is used up.")
    elif unreached and (interrupted or ended == "budget"):
        # What a phase was given is not the night's: this one has a rest to be played.
        why = "it was interrupted." if interrupted else "runs were left over."
        store.journal.note(ENDED, kind="interrupted", reason=why)
    store.journal.note(CLOSED)
    master = _write_master(store, records, report=False)
    page = _write_report(store, records) if report else None
    failed = broke or any(map(_has_failed, records)) or (unreached and not by_budget)
    scripted = master.agent.scripted
    return NightResult(
        session_id=master.session_id,
        results=store.results,
        solved=master.tests_passed,
        missed=master.tests_failed,
        void=master.void,
        not_reached=master.not_reached,
        seconds=master.total_duration,
        report=page,
        status=INTERRUPTED if interrupted else SOME_FAILED if failed else ALL_MEASURED,
        label=banner(master.agent.spec).strip("* ").partition(":")[0] * scripted,
    )


def _facts(store: RunStore) -> SessionFacts:
    from pytest_overnight.records.session import read_session

    facts = read_session(store.journal.read())
    if facts is None:
        raise StoreError(f"{store.journal.path}: the night is gone from its journal.")
    return facts


def _has_failed(record: RunRecord) -> bool:
    """Void, or in a rehearsal not as intended: what pytest calls a failed test."""
    intended = record.agent.intended_outcome
    return not record.done or (intended is not None and record.outcome != intended)


def _write_master(
    store: RunStore, records: Sequence[RunRecord], *, report: bool
) -> MasterLog:
    from pytest_overnight.records.master import derive_master
    from pytest_overnight.records.status import derive_status

    facts = _facts(store)
    master = derive_master(
        facts,
        records,
        report_written=report,
        logged=store.logged(records),
        hrm=store.read_hrm(),
    )
    store.write_master(master)
    store.write_status(derive_status(facts, records, updated=now()))
    return master


def _write_report(store: RunStore, records: Sequence[RunRecord]) -> Path | None:
    """Its path; a report that cannot be written never costs the records."""
    try:
        from pytest_overnight.reporting.pages import write_report

        # Before the report, which shows the criteria: one of them is the report.
        _write_master(store, records, report=True)
        return write_report(store.results)
    except Exception as problem:
        _write_master(store, records, report=False)
        print(
            f"The report failed ({problem!r}). The records are safe; write it again "
            f"with: pytest-overnight report {store.results}",
            file=sys.stderr,
        )
        return None
