"""``pytest-overnight doctor``: whether the files of a night agree, and to mend them."""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_overnight.commands import base
from pytest_overnight.commands.base import CommandError

if TYPE_CHECKING:
    from pytest_overnight.commands.base import Commands
    from pytest_overnight.commands.mending import Repair
    from pytest_overnight.records.disagreement import Disagreement
    from pytest_overnight.records.evidence import Evidence
    from pytest_overnight.records.inspection import Inspection

ABOUT = """\
Compares all that a night left behind: run records, journal, logs, snapshots,
master log, status. Each disagreement is named, with what mends it:

  ✗ runs/L3-1-run-0001.json: is no whole JSON → move to damaged/
  · L3-2-run-0001: try 1 was cut off: a resumed night plays it

A dot marks what is worth knowing and no fault, such as the traces of a kill.
Nothing is changed without --repair. What a session at work has under way is not
judged, and while one is, nothing is repaired.
"""
EPILOG = """\
what --repair does:
  Everything else is derived from the run records, and none that is whole is
  ever changed. What cannot be used moves to damaged/ in the same folder, never
  to be deleted; pytest -m overnight --overnight-resume then grades or plays
  that run again. Master log, status, logs for people, and the unpacked
  workspaces of missed runs are made again from what they follow from. Live
  workspaces that a killed session left are removed. A repair may be killed and
  given again.

examples:
  pytest-overnight doctor                            the last night
  pytest-overnight doctor --repair                   mend it
  pytest-overnight doctor overnight_results/history/overnight-2026-11-22

exit status:
  0  nothing disagrees, or all was mended
  1  disagreements remain
  2  no night lies there, a session is at work that --repair would disturb, or
     the command was wrong
"""


def add(commands: Commands) -> None:
    """Declare it."""
    doctor = commands.add_parser(
        "doctor",
        help="name what disagrees in a night's files, and mend it",
        description=ABOUT,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    doctor.add_argument(
        "results",
        nargs="?",
        type=Path,
        metavar="DIR",
        default=os.environ.get("OVERNIGHT_RESULTS") or "overnight_results",
        help="results folder, or one of its history/ (default: %(default)s)",
    )
    doctor.add_argument("--repair", action="store_true", help="mend what can be mended")
    doctor.set_defaults(do=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    results = Path(options.results)
    base.make_plain()
    try:
        _check_is_a_night(results)
        return _repair(results) if options.repair else _inspect(results)
    except OSError as problem:
        raise CommandError(f"{results}: {problem}") from None


def _check_is_a_night(results: Path) -> None:
    if not results.is_dir():
        raise CommandError(f"{results}: no such folder.")
    signs = ("journal.jsonl", "master_log.json", "runs/*", ".moving_to_history")
    if not any(path for sign in signs for path in results.glob(sign)):
        raise CommandError(
            f"{results}: no night lies here. Give the folder that holds "
            "journal.jsonl and runs/, overnight_results by default."
        )


def _inspect(results: Path) -> int:
    from pytest_overnight.records.inspection import inspect

    inspection = inspect(results)
    _say(header(results, inspection.seen))
    _say(listing((one, _marker(one)) for one in inspection.found))
    _say([summary(inspection)])
    return 1 if inspection.disagreements else 0


def _repair(results: Path) -> int:
    from pytest_overnight.commands.mending import repair
    from pytest_overnight.records.store import SessionLock
    from pytest_overnight.records.store import StoreError
    from pytest_overnight.records.store import holder_of

    try:
        lock = SessionLock(results)
    except StoreError:
        who = holder_of(results) or "it has just ended"
        raise CommandError(
            f"{results}: a session is at work here ({who}), so nothing was repaired. "
            "Wait for its end, or stop it with Ctrl-C, and give the command again."
        ) from None
    try:
        done = repair(results)
    finally:
        lock.release()
    assert done.now is not None
    _say(header(results, done.now.seen))
    _say(listing(_told(done)))
    _say([repaired(done)])
    return 1 if done.left else 0


def _told(done: Repair) -> Iterator[tuple[Disagreement, str]]:
    assert done.now is not None
    yield from ((one, "✓") for one in done.mended if one not in done.left)
    yield from ((one, _marker(one)) for one in done.now.found)


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def header(results: Path, seen: Evidence) -> list[str]:
    """Which night this is, and whether it is being played."""
    name = seen.facts.id if seen.facts else "session not known"
    planned = f" of {len(seen.facts.plan)} planned" if seen.facts else ""
    lines = _wrapped(f"{results}: {name}, {len(seen.records)}{planned} runs recorded")
    if seen.at_work:
        lines += _wrapped(
            f"A session is at work here ({seen.at_work}). What it has under way is not "
            f"judged: {_counted(len(seen.busy), 'run')}, master log, status, report, "
            "and what would else be left over."
        )
    return lines


def listing(found: Iterable[tuple[Disagreement, str]]) -> list[str]:
    """By kind, a paragraph each, with its marker."""
    from pytest_overnight.records.disagreement import Kind

    told = list(found)
    lines = []
    for kind in Kind:
        of_kind = [(one, marker) for one, marker in told if one.kind is kind]
        lines += ["", str(kind)] if of_kind else []
        for one, marker in of_kind:
            lines += _wrapped(f"  {marker} {_line(one)}", "    ")
    return [*lines, ""]


def _line(one: Disagreement) -> str:
    from pytest_overnight.records.plain import one_line

    then = f" → {one.remedy}" if one.remedy else ""
    return one_line(f"{one.where}: {one.what}{then}")


def _marker(one: Disagreement) -> str:
    return "·" if one.harmless else "✗"


def summary(inspection: Inspection) -> str:
    """The last line."""
    found = inspection.disagreements
    if not found:
        return f"Nothing disagrees{_remarks(inspection)}."
    mendable = sum(one.remedy.mends for one in found)
    parts = [f"{mendable} can be mended with --repair"] if mendable else []
    if len(found) > mendable:
        parts.append(f"{len(found) - mendable} cannot be mended")
    counted = _counted(len(found), "disagreement")
    return f"{counted}: {', '.join(parts)}{_remarks(inspection)}."


def repaired(done: Repair) -> str:
    """The last line after a repair, and why something could not be mended."""
    assert done.now is not None
    lines = [f"not mended: {one.where}: {why}" for one, why in done.failed.items()]
    remain = "nothing disagrees now"
    if done.left:
        verb = "remains" if len(done.left) == 1 else "remain"
        remain = f"{_counted(len(done.left), 'disagreement')} {verb}"
    mended = len([one for one in done.mended if one not in done.left])
    lines.append(f"{mended} mended, {remain}{_remarks(done.now)}.")
    return "\n".join(part for line in lines for part in _wrapped(line, "  "))


def _remarks(inspection: Inspection) -> str:
    remarks = len(inspection.found) - len(inspection.disagreements)
    return f"; {_counted(remarks, 'remark')}" if remarks else ""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _wrapped(line: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        line, 80, subsequent_indent=indent, break_on_hyphens=False
    ) or [line]
