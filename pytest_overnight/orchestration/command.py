"""``run_overnight.py`` and ``run-overnight``: the night from start to finish."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_overnight.orchestration.children import INTERRUPTED
from pytest_overnight.orchestration.children import Stopping
from pytest_overnight.orchestration.closing import NOT_STARTED
from pytest_overnight.orchestration.closing import SOME_FAILED
from pytest_overnight.orchestration.closing import close_night
from pytest_overnight.orchestration.conductor import Conductor
from pytest_overnight.orchestration.evening import Evening
from pytest_overnight.orchestration.evening import prepare
from pytest_overnight.orchestration.notification import tell
from pytest_overnight.orchestration.opening import begin
from pytest_overnight.orchestration.phases import REPORT
from pytest_overnight.orchestration.planned import NoPlan
from pytest_overnight.orchestration.request import parse
from pytest_overnight.orchestration.table import print_table
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock
from pytest_overnight.records.store import StoreError


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; the exit status is explained by ``--help``."""
    program = Path(sys.argv[0]).name
    if importlib.util.find_spec("pytest") is None:
        print(
            f"{program}: pytest is not installed for {sys.executable}. `make "
            "overnight` sets all up; then .venv/bin/python runs this program, too.",
            file=sys.stderr,
        )
        return NOT_STARTED
    # As for `python -m pytest`: agents of the user's own lie in the folder they are in.
    sys.path.insert(0, str(Path.cwd()))
    request = parse(sys.argv[1:] if arguments is None else arguments, program)
    try:
        evening = prepare(request)
        print_table(evening.rows)
        if (status := _why_not(evening)) is not None:
            return status
        return _night(evening, program)
    except NoPlan as said:
        sys.stdout.write(said.output)
        return said.status
    except (StoreError, OSError) as problem:
        print(f"{program}: {problem}", file=sys.stderr)
        return NOT_STARTED
    except KeyboardInterrupt:
        print(f"{program}: interrupted before anything was started", file=sys.stderr)
        return INTERRUPTED


def _why_not(evening: Evening) -> int | None:
    """Exit status of a night that does not take place; ``None``: it does."""
    if not evening.ready:
        print(
            "\nNothing was started. Mend what says FAIL, and give the same command "
            "again."
        )
        return NOT_STARTED
    if evening.request.dry_run:
        print("\nNothing was started: --overnight-dry-run.")
        return 0
    if not evening.plan.runs and evening.phases in ((), (REPORT,)):
        print(
            "\nNothing was started: no challenge run is selected. Look at -m, -k, "
            "--challenge and --phases."
        )
        return NOT_STARTED
    return None


def _night(evening: Evening, program: str) -> int:
    """Play it; raises :class:`StoreError` where it cannot begin."""
    store = RunStore(evening.plan.settings.results)
    store.create()
    lock = SessionLock(store.results)
    last_words = (
        f"{program}: left at once. What is recorded is safe; --resume plays the rest."
    )
    with Stopping(last_words) as stopping:
        facts = begin(store, evening.plan, evening.request)
        conductor = Conductor(evening, facts, store, lock, stopping)
        conductor.play()
        try:
            result = close_night(
                store,
                [run.run_id for run in evening.plan.runs],
                report=REPORT in evening.request.phases,
                interrupted=stopping.asked,
                broke=conductor.broke,
                out_of_time=conductor.out_of_time,
            )
        except (StoreError, OSError) as problem:
            print(
                f"{program}: the night cannot be closed: {problem} What is recorded is "
                "safe; --resume goes on.",
                file=sys.stderr,
            )
            return SOME_FAILED
        lock.release()
        tell(result, evening.request.notify)
    return result.status
