"""The command line: the program's own options, and all that is passed on to pytest."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from itertools import pairwise

from pytest_overnight.orchestration.budget import clock_time
from pytest_overnight.orchestration.phases import PHASES
from pytest_overnight.orchestration.phases import Phase
from pytest_overnight.orchestration.phases import named

ABOUT = """\
The night from start to finish: looks whether all is there, plays the plan's
phases in order, plays void runs again, writes the report, tells you.

  run_overnight.py --until 07:30        the whole night
  run_overnight.py --budget 8h --phases L3-L5,L6,report
  run_overnight.py --challenge L3-1     one challenge
  run_overnight.py --agent rehearsal    checks the harness, without any model
  run_overnight.py --resume             goes on after a crash or a Ctrl-C
"""
EPILOG = """\
phases, in this order, with their shares of the time:
  L3-L5 2, L6 1, HRM 3, A 1, report 1 (at most five minutes)
  What a phase does not use flows on to the later ones. A phase whose time is
  over starts no further run; the one under way is finished.

all other options are passed on to pytest, those of the plugin among them:
  --agent SPEC, --model NAME, --count N, --challenge ID, --overnight-seed N, …
  `pytest --help` lists them, under "overnight".

exit status:
  0  all that was reached is measured; a missed run is a datum, not a failure
  1  some run is void or not reached, though there was time; or, in a
     rehearsal, it did not end as its script intends
  2  interrupted; --resume plays exactly the rest
  4  could not start: wrong options, or the preflight says FAIL
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for."""

    until: time | None = None
    budget: float | None = None
    """Seconds."""
    phases: tuple[Phase, ...] = PHASES
    resume: bool = False
    fresh: bool = False
    notify: tuple[str, ...] = ()
    """Words of the command; empty: none."""
    workers: str = "2"
    markers: str = ""
    """``-m``"""
    keyword: str = ""
    """``-k``"""
    dry_run: bool = False
    rest: tuple[str, ...] = ()
    """Passed on to pytest."""


def parse(arguments: Sequence[str], program: str) -> Request:
    """Read a command line; ends the program with status 4 where it is wrong."""
    given, rest = _parser(program).parse_known_args(arguments)
    return Request(
        until=given.until,
        budget=given.budget,
        phases=given.phases,
        resume=given.resume,
        fresh=given.fresh,
        notify=given.notify,
        workers=given.workers,
        markers=given.markers,
        keyword=given.keyword,
        dry_run=given.dry_run,
        rest=tuple(_in_one_word(rest)),
    )


def _in_one_word(words: Sequence[str]) -> Iterator[str]:
    """``--overnight-results DIR`` as ``--overnight-results=DIR``, and its like.

    Once DIR is there, pytest takes it for a place of tests, and looks for its settings
    file there.
    """
    joined = False
    for word, following in pairwise([*words, "-"]):
        if joined:
            joined = False
        elif _wants_value(word) and not following.startswith("-"):
            joined = True
            yield f"{word}={following}"
        else:
            yield word


def _wants_value(word: str) -> bool:
    return word.startswith("--overnight-") and "=" not in word


class _Parser(argparse.ArgumentParser):
    """Wrong options end pytest with status 4, and so do they us."""

    def exit(self, status: int = 0, message: str | None = None) -> None:  # type: ignore[override]
        super().exit(4 if status else 0, message)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=program,
        usage="%(prog)s [own options] [any option of pytest or the plugin]",
        description=ABOUT.replace("run_overnight.py", program),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    own = parser.add_argument_group("own options")
    end = own.add_mutually_exclusive_group()
    end.add_argument(
        "--until",
        type=_clock_time,
        metavar="07:30",
        help="local time after which no further run starts",
    )
    end.add_argument(
        "--budget",
        type=_duration,
        metavar="8h",
        help="the same by duration (90m, 3600); default: until all are played",
    )
    own.add_argument(
        "--phases",
        type=_phases,
        default=PHASES,
        metavar="LIST",
        help="some of L3-L5,L6,HRM,A,report; default: all",
    )
    own.add_argument(
        "-n",
        "--numprocesses",
        dest="workers",
        type=_workers,
        default="2",
        metavar="N",
        help="workers at a time (default: 2)",
    )
    own.add_argument(
        "-m",
        dest="markers",
        default="",
        metavar="EXPR",
        help="narrows every phase, as pytest's",
    )
    own.add_argument(
        "-k",
        dest="keyword",
        default="",
        metavar="EXPR",
        help="the same by name, as pytest's",
    )
    own.add_argument(
        "--notify",
        type=_command,
        default=(),
        metavar="COMMAND",
        help="run at the end, with the result on its standard input and in "
        "OVERNIGHT_… variables, e.g. --notify 'ntfy publish nights'",
    )
    own.add_argument(
        "--overnight-dry-run",
        dest="dry_run",
        action="store_true",
        help="only look whether the night could start",
    )
    again = own.add_mutually_exclusive_group()
    again.add_argument(
        "--resume",
        "--overnight-resume",
        action="store_true",
        help="go on with the unfinished night in the results folder",
    )
    again.add_argument(
        "--fresh",
        "--overnight-fresh",
        action="store_true",
        help="start anew; an unfinished night is kept in history/",
    )
    return parser


def _workers(text: str) -> str:
    if text.isdigit() or text in ("auto", "logical"):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no number of workers, nor auto")


def _clock_time(text: str) -> time:
    try:
        return clock_time(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _duration(text: str) -> float:
    from pytest_overnight.options import duration  # imports pytest

    return duration(text)


def _phases(text: str) -> tuple[Phase, ...]:
    try:
        return named(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _command(text: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{text!r}: {problem}") from None
    if not words:
        raise argparse.ArgumentTypeError("no command is named")
    return words
