"""``pytest-overnight audit``: what the hidden tests themselves are worth."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_overnight.commands import base

if TYPE_CHECKING:
    from pytest_overnight.catalog.challenge import Challenge
    from pytest_overnight.commands.base import Commands
    from pytest_overnight.grading.audit import Audit
    from pytest_overnight.grading.audit import Case
    from pytest_overnight.grading.audit import Found
    from pytest_overnight.grading.verifier import Verifier

ABOUT = """\
Judges, for each challenge: the reference answer, which must pass with every
seed; the untouched start, each answer in wrong/, which must fail at the test
that README.md names, and answers that cheat, all of which must fail. Then
looks at the pages: does the instruction say every name that hidden tests use?

With no ID, every challenge of the suite.
"""
STATUS = """\
exit status: 0 all in order, 1 something is not, 2 the audit could not be done
"""
HEAD = "challenge  reference  start   wrong  cheaters  names  checks  longest"


def add(commands: Commands) -> None:
    """Declare it."""
    audit = commands.add_parser(
        "audit",
        help="prove that right answers pass and wrong ones do not",
        description=ABOUT,
        epilog=STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    audit.add_argument("ids", metavar="ID", nargs="*", help="such as L3-1")
    base.add_suite(audit)
    base.add_sandbox(audit)
    audit.add_argument(
        "--repetitions",
        type=positive_number,
        default=3,
        metavar="N",
        help="judge the reference with N seeds (default: %(default)s)",
    )
    audit.add_argument(
        "--jobs",
        type=positive_number,
        default=1,
        metavar="N",
        help="verifications at the same time (default: %(default)s)",
    )
    audit.add_argument(
        "--busy",
        type=int,
        default=0,
        metavar="N",
        help="processes that keep the machine busy meanwhile: no verdict may depend "
        "on its load (default: %(default)s)",
    )
    audit.set_defaults(do=_audit)


def positive_number(text: str) -> int:
    """A whole number from 1 on; else what ``argparse`` makes a usage error of."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _audit(options: argparse.Namespace) -> int:
    challenges = base.load(options.suite, options.ids)
    base.make_plain()
    report = base.prove_sandbox(options.sandbox)
    print(report.line())
    print(HEAD)
    problems: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="overnight-audit-") as name,
        busy(options.busy),
    ):
        for audit in audits(challenges, options, report.level, Path(name)):
            print(row(audit), flush=True)
            problems += audit.problems
    for problem in problems:
        print(problem)
    print(f"challenges: {len(challenges)}, problems: {len(problems)}")
    return 1 if problems else 0


def audits(
    challenges: list[Challenge],
    options: argparse.Namespace,
    level: str,
    folder: Path,
) -> Iterator[Audit]:
    """One challenge after the other, each with all its cases judged."""
    from pytest_overnight.grading.audit import Audit
    from pytest_overnight.grading.audit import cases

    with Judges(challenges, level, folder, options.jobs) as judges:
        for challenge in challenges:
            audit = Audit(challenge)
            todo = list(cases(challenge, options.repetitions))
            for number, found in enumerate(judges.judge(todo), 1):
                audit.add(found)
                _show(f"{found.case}  {number}/{len(todo)}")
            _show("")
            yield audit


class Judges:
    """Warm judges, each with a thread of its own."""

    def __init__(
        self, challenges: list[Challenge], level: str, folder: Path, jobs: int
    ) -> None:
        """``folder``: where answers are laid, and the judges' logs."""
        self._challenges, self._level, self._folder = challenges, level, folder
        self._pool = ThreadPoolExecutor(jobs)
        self._local = threading.local()
        self._open = ExitStack()

    def __enter__(self) -> Judges:
        return self

    def __exit__(self, *problem: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._open.close()

    def judge(self, cases: list[Case]) -> Iterator[Found]:
        """What came out of each case, in their order."""
        yield from self._pool.map(self._one, cases)

    def _one(self, case: Case) -> Found:
        from pytest_overnight.grading.audit import judge

        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            place = Path(name, "answer")
            return judge(case, self._verifier(), place)

    def _verifier(self) -> Verifier:
        """This thread's own."""
        from pytest_overnight.grading.verifier import Verifier

        if not hasattr(self._local, "verifier"):
            log = self._folder / f"judge-{threading.get_ident()}.txt"
            verifier = Verifier(self._challenges, level=self._level, log=log)
            self._open.callback(verifier.close)
            self._local.verifier = verifier
        made: Verifier = self._local.verifier
        return made


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that do nothing but compute."""
    code = "import os; us = os.getppid()\nwhile os.getppid() == us: pass"
    loop = [sys.executable, "-c", code]
    others = [subprocess.Popen(loop) for _ in range(count)]
    try:
        yield
    finally:
        for process in others:
            process.kill()
            process.wait()


def _show(text: str) -> None:
    """What is going on now, on a line that is written over."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text[:78]}", end="", flush=True)


def row(audit: Audit) -> str:
    """One challenge in the table."""
    from pytest_overnight.grading.audit import KINDS

    reference, start, wrong, cheaters = map(audit.good, KINDS)
    names = f"{len(audit.unsaid)} new" if audit.unsaid else "ok"
    return (
        f"{audit.challenge.id:<9}  {reference:>9}  {start:>5}  {wrong:>6}  "
        f"{cheaters:>8}  {names:>5}  {audit.checks:>6}  {audit.seconds:>5.1f} s"
    )
