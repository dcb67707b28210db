"""``pytest-overnight report``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_overnight.commands.base import CommandError

if TYPE_CHECKING:
    from pytest_overnight.commands.base import Commands


def add(commands: Commands) -> None:
    """Declare it."""
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


def _report(options: argparse.Namespace) -> int:
    from pytest_overnight.reporting.night import ReportError
    from pytest_overnight.reporting.pages import write_report

    try:
        print(write_report(Path(options.results)))
    except (ReportError, OSError) as problem:
        raise CommandError(str(problem)) from None
    return 0
