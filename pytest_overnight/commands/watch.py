"""``pytest-overnight watch``: a night that goes on, seen from another shell."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import time
from contextlib import contextmanager
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_overnight.commands.base import CommandError
from pytest_overnight.commands.base import make_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.console import RenderableType

    from pytest_overnight.commands.base import Commands
    from pytest_overnight.records.record import RunRecord
    from pytest_overnight.reporting.watching import View

ABOUT = """\
Shows how far a running night is: what is solved, missed and void, by level; how
fast it goes and when it may be done; what runs now; the last failures. Goes on
until the night ends. It only reads files: to leave it with Ctrl-C, or not to
watch at all, changes nothing for the night.
"""
STATUS = """\
exit status: 0 the night goes on or came to an orderly end, 1 it was cut off,
2 there is none
"""
PAUSE = 1.0
"""Seconds between two looks."""


def add(commands: Commands) -> None:
    """Declare it."""
    watch = commands.add_parser(
        "watch",
        help="follow a running night from another shell",
        description=ABOUT,
        epilog=STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    watch.add_argument(
        "results",
        nargs="?",
        metavar="DIR",
        type=Path,
        default=Path(os.environ.get("OVERNIGHT_RESULTS") or DEFAULT),
        help="results folder (default: %(default)s)",
    )
    watch.add_argument(
        "--once",
        action="store_true",
        help="show how it stands and end, as where the output is no terminal",
    )
    watch.set_defaults(do=_watch)


DEFAULT = "overnight_results"


def _watch(options: argparse.Namespace) -> int:
    from rich.console import Console

    make_plain()
    console = Console(highlight=False, markup=False, emoji=False)
    folder = Folder(options.results)
    view = folder.look()
    can_follow = sys.stdout.isatty() and not console.is_dumb_terminal
    if can_follow and not options.once:
        try:
            view = _follow(folder, console)
        except KeyboardInterrupt:
            print("no longer watched; the night goes on", file=sys.stderr)
            return 130
    console.print(_drawn(view, folder, console))
    if view is None or view.state == "at work":
        return 0
    console.print()
    for line in _ending(view, folder.results):
        # A command or a path in a line of its own is there to be copied: never wrapped.
        console.print(line, soft_wrap=line.startswith(" "))
    return 1 if view.state == "cut off" else 0


class Folder:
    """A results folder that is looked into again and again."""

    def __init__(self, results: Path) -> None:
        """Name it; nothing is read yet."""
        from pytest_overnight.records.store import RunStore

        self.results = results
        self._store = RunStore(results)
        self._records: dict[tuple[str, object], RunRecord | None] = {}
        """Those that were asked for, by run id and time of the end: read once."""

    def look(self) -> View | None:
        """How the night stands; ``None``: it is just about to begin, or to go on.

        Raises :class:`CommandError` where there is none.
        """
        from pytest_overnight.records import clock
        from pytest_overnight.records.store import LOCK
        from pytest_overnight.records.store import holder_of
        from pytest_overnight.reporting.watching import is_about_to_begin
        from pytest_overnight.reporting.watching import view_of

        held = bool(holder_of(self.results))  # first: its last words come before
        try:
            events = self._store.journal.read()
        except OSError as problem:
            raise CommandError(f"{self._store.journal.path}: {problem}") from None
        if held and is_about_to_begin(_facts(self.results / LOCK), events):
            return None
        view = view_of(
            events,
            _facts(self._store.status),
            self._record,
            held=held,
            clock=clock.wall(),
            now=datetime.now(UTC),
        )
        if view is None:
            raise CommandError(_no_night(self.results))
        return view

    def _record(self, event: dict[str, Any]) -> RunRecord | None:
        """The record that an event ``finished`` tells of."""
        key = event["run_id"], event.get("time")
        if key not in self._records:
            self._records[key] = self._store.read_run(event["run_id"])
        return self._records[key]


def _facts(path: Path) -> dict[str, Any]:
    """What stands in a JSON file; nothing where it cannot be read."""
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _no_night(results: Path) -> str:
    from pytest_overnight.records.store import JOURNAL

    inside = results / DEFAULT
    if (inside / JOURNAL).exists():
        return f"{results}: no night has begun there, but one lies in {inside}."
    return (
        f"{results}: no night has begun there. `pytest -m overnight` begins one; where "
        "its results lie in another folder, name that: pytest-overnight watch DIR."
    )


def _follow(folder: Folder, console: Console) -> View | None:
    """Show the night until it ends."""
    from rich.live import Live

    with (
        _tidy_when_terminated(),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            view = folder.look()
            live.update(_drawn(view, folder, console, fit=True), refresh=True)
            if view is not None and view.state != "at work":
                return view
            time.sleep(PAUSE)


def _drawn(
    view: View | None, folder: Folder, console: Console, *, fit: bool = False
) -> RenderableType:
    from pytest_overnight.commands.screen import draw

    if view is None:
        return f"A night is just about to begin, or to go on, in {folder.results}."
    height = console.height if fit else None
    return draw(view, console, datetime.now(UTC), height)


def _ending(view: View, results: Path) -> Iterator[str]:
    """How a night ended, and what can be done now."""
    from pytest_overnight.records.master import report_name

    left, planned = view.left, view.total.planned
    if view.state == "cut off":
        yield (
            "The night was cut off: nobody is at work on it, and it came to no orderly "
            "end. Exactly the rest is played by"
        )
        yield _resume(results)
    elif left:
        yield (
            f"The night has ended; {left} of {planned} runs have no result that "
            "counts. Exactly these are played by"
        )
        yield _resume(results)
    else:
        yield f"The night has ended: all {planned} runs are done."
    report = results / report_name(view.facts.id)
    if report.exists():
        yield "The report:"
        yield f"  {report}"
    elif view.state == "closed":
        yield "It has no report. That is written by"
        yield f"  pytest-overnight report {shlex.quote(str(results))}"


def _resume(results: Path) -> str:
    where = ""
    if results != Path(DEFAULT):
        where = f" --overnight-results={shlex.quote(str(results))}"
    return f"  pytest -m overnight --overnight-resume{where}"


@contextmanager
def _tidy_when_terminated() -> Iterator[None]:
    """A terminal that is left behind must have its cursor and its lines again."""
    former = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
