"""``pytest-overnight``: what can be done with a suite or a night without pytest."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pytest_overnight import __version__
from pytest_overnight.commands import audit
from pytest_overnight.commands import catalogue
from pytest_overnight.commands import doctor
from pytest_overnight.commands import report
from pytest_overnight.commands import scaffold
from pytest_overnight.commands import verify
from pytest_overnight.commands import watch
from pytest_overnight.commands.base import CommandError

EPILOG = """\
A night itself is run by pytest:
  pytest -m overnight -n 2                      all challenges, two workers
  pytest -k L6-3 --count 5                      one challenge, five repetitions
  pytest -m overnight --agent rehearsal -n 2    without any model
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; the exit status is 0, 2 when something is wrong, or as a command
    says in its help."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.do(options))
    except CommandError as problem:
        print(f"pytest-overnight: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("pytest-overnight: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pytest-overnight",
        description="Know in the morning what your coding agent can do.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for group in (catalogue, verify, audit, scaffold, report, doctor, watch):
        group.add(commands)
    return parser
