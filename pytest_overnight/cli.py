"""``pytest-overnight``: what can be done with a night without running pytest."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_overnight import __version__

EPILOG = """\
A night itself is run by pytest:
  pytest -m overnight -n 2                      all challenges, two workers
  pytest -k L6-3 --count 5                      one challenge, five repetitions
  pytest -m overnight --agent rehearsal -n 2    without any model
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; the exit status is 0, or 2 when something is wrong."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.do(options))
    except CommandError as problem:
        print(f"pytest-overnight: {problem}", file=sys.stderr)
        return 2


class CommandError(Exception):
    """A mistake of the user; the text says what to do."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pytest-overnight",
        description="Know in the morning what your coding agent can do.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    report = commands.add_parser(
        "report",
        help="write the report of a night again, from its records",
        description="Write the report and its plots again, from the records alone. "
        "Works on any machine that has the results folder.",
    )
    report.add_argument(
        "results",
        nargs="?",
        metavar="DIR",
        default=os.environ.get("OVERNIGHT_RESULTS") or "overnight_results",
        help="results folder (default: %(default)s)",
    )
    report.set_defaults(do=_report)
    return parser


def _report(options: argparse.Namespace) -> int:
    from pytest_overnight.reporting.night import ReportError
    from pytest_overnight.reporting.pages import write_report

    try:
        print(write_report(Path(options.results)))
    except (ReportError, OSError) as problem:
        raise CommandError(str(problem)) from None
    return 0
