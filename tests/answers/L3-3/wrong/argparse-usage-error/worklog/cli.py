"""The command line: ``python -m worklog COMMAND FILE …``."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from worklog.entries import Entry
from worklog.entries import LogError
from worklog.entries import parse_log
from worklog.formats import STYLES
from worklog.formats import format_minutes
from worklog.formats import format_time
from worklog.gaps import find_gaps
from worklog.report import select
from worklog.report import totals


def print_list(entries: list[Entry], options: argparse.Namespace) -> None:
    """Print one line an entry, in the order of the log."""
    for entry in entries:
        times = f"{format_time(entry.start)}-{format_time(entry.end)}"
        line = f"{entry.day} {times} {format_minutes(entry.minutes)} {entry.project}"
        print(f"{line} {entry.note}".rstrip())
    if not entries:
        print("no entries")


def print_totals(entries: list[Entry], options: argparse.Namespace) -> None:
    """Print one line a project, and the sum."""
    rows = [*totals(entries).items(), ("total", sum(e.minutes for e in entries))]
    width = max(len(name) for name, _ in rows)
    for name, minutes in rows:
        print(f"{name:<{width}}  {format_minutes(minutes, options.style)}")


def print_gaps(entries: list[Entry], options: argparse.Namespace) -> None:
    """Print one line a gap, and the sum."""
    gaps = find_gaps(entries, minimum=options.minimum)
    for gap in gaps:
        times = f"{format_time(gap.start)}-{format_time(gap.end)}"
        print(f"{gap.day} {times} {format_minutes(gap.minutes, 'short')}")
    if gaps:
        print(f"total {format_minutes(sum(gap.minutes for gap in gaps), 'short')}")
    else:
        print("no gaps")


def positive(text: str) -> int:
    """Return a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    from worklog import __version__  # here, as the package imports this module

    parser = argparse.ArgumentParser(prog="worklog", description="Report on a log.")
    parser.add_argument("--version", action="version", version=f"worklog {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("file", metavar="FILE", help="the log; - is standard input")
    common.add_argument("--project", metavar="NAME", help="only this project")
    common.add_argument(
        "--day", metavar="DAY", type=date.fromisoformat, help="only this YYYY-MM-DD"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    command = commands.add_parser("list", parents=[common], help="show the entries")
    command.set_defaults(run=print_list)

    command = commands.add_parser("totals", parents=[common], help="sum by project")
    command.add_argument("--style", choices=STYLES, default="clock")
    command.set_defaults(run=print_totals)

    command = commands.add_parser("gaps", parents=[common], help="show the free time")
    command.add_argument(
        "--minimum",
        metavar="MINUTES",
        type=positive,
        default=15,
        help="leave shorter gaps out (default: %(default)s)",
    )
    command.set_defaults(run=print_gaps)
    return parser


def read_text(name: str) -> str:
    """Return the text of a log; ``-`` is standard input."""
    return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0, or 2 for what it cannot use."""
    options = build_parser().parse_args(argv)
    try:
        entries = parse_log(read_text(options.file))
    except (OSError, UnicodeError, LogError) as error:
        print(f"worklog: {error}", file=sys.stderr)
        return 2
    options.run(select(entries, project=options.project, day=options.day), options)
    return 0
