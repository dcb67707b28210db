"""``pytest-overnight verify``: grade any folder by hand."""

from __future__ import annotations

import argparse
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_overnight.commands import base
from pytest_overnight.commands.base import CommandError

if TYPE_CHECKING:
    from pytest_overnight.catalog.challenge import Challenge
    from pytest_overnight.commands.base import Commands
    from pytest_overnight.grading.verifier import Judgement

ABOUT = """\
Grades a folder as a night would: a safe copy of it is judged in a sandbox. The
folder itself is not changed.
"""
STATUS = """\
exit status:
  0  solved: every hidden test passed
  1  missed: at least one failed
  2  could not be judged, or the command was wrong
"""


def add(commands: Commands) -> None:
    """Declare it."""
    verify = commands.add_parser(
        "verify",
        help="grade a folder by hand with a challenge's hidden tests",
        description=ABOUT,
        epilog=STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verify.add_argument("id", metavar="ID", help="such as L3-1")
    what = verify.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "folder", metavar="FOLDER", nargs="?", type=Path, help="an answer"
    )
    what.add_argument("--solution", action="store_true", help="the reference answer")
    what.add_argument("--start", action="store_true", help="the untouched start")
    what.add_argument("--wrong", metavar="NAME", help="one of the wrong answers")
    base.add_suite(verify)
    base.add_sandbox(verify)
    verify.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="draws the random inputs of hidden tests (default: %(default)s)",
    )
    verify.add_argument(
        "--first", action="store_true", help="stop at the first test that fails"
    )
    verify.set_defaults(do=_verify)


def _verify(options: argparse.Namespace) -> int:
    challenge = base.load(options.suite, [options.id])[0]
    base.make_plain()
    if options.folder is not None and not options.folder.is_dir():
        raise CommandError(f"{options.folder}: no such folder.")
    judgement, remarks = _judge(options, challenge)
    for remark in remarks:
        print(f"not looked at: {remark}")
    for line in table(judgement):
        print(line)
    return {"pass": 0, "fail": 1}.get(judgement.verdict.value, 2)


def _judge(
    options: argparse.Namespace, challenge: Challenge
) -> tuple[Judgement, list[str]]:
    """What hidden tests say, and what of the folder they were not shown."""
    from pytest_overnight.grading.audit import lay_answer
    from pytest_overnight.grading.verifier import Verifier
    from pytest_overnight.workspace import take_snapshot

    level = base.prove_sandbox(options.sandbox).level
    with tempfile.TemporaryDirectory(prefix="overnight-trial-") as name:
        place = Path(name)
        folder = options.folder
        if folder is None:
            overlay = _overlay(options, challenge)
            folder = lay_answer(challenge, overlay, place / "answer")
        tree = place / "submission"
        kept = take_snapshot(folder.resolve(), place / "snapshot.tar.gz", tree)
        verifier = Verifier([challenge], level=level, log=place / "judge.txt")
        try:
            judgement = verifier.verify(
                challenge, tree, options.seed, first=options.first
            )
        finally:
            verifier.close()
    return judgement, kept.left_out


def _overlay(options: argparse.Namespace, challenge: Challenge) -> Path | None:
    if options.start:
        return None
    if options.solution:
        return challenge.solution
    names = {folder.name: folder for folder in challenge.wrong}
    if options.wrong not in names:
        known = ", ".join(names) or "none"
        raise CommandError(
            f"{challenge.id} has no wrong answer {options.wrong!r}; there are: {known}."
        )
    return names[options.wrong]


def table(judgement: Judgement) -> list[str]:
    """The checks for people, and a last line with the verdict."""
    from pytest_overnight.records.plain import one_line

    lines = []
    for check in judgement.checks:
        lines.append(f"{'pass' if check.passed else 'FAIL'}  {one_line(check.name)}")
        for line in check.message.splitlines():
            lines += textwrap.wrap(
                one_line(line), 78, initial_indent=" " * 6, subsequent_indent=" " * 6
            )
    word = {"pass": "solved", "fail": "missed"}.get(judgement.verdict.value)
    passed = sum(check.passed for check in judgement.checks)
    lines.append(
        f"{word or 'could not be judged'}: {passed} of {len(judgement.checks)} checks "
        f"passed, {judgement.seconds:.1f} s ({judgement.cpu_seconds:.1f} s CPU), "
        f"seed {judgement.seed}"
    )
    if judgement.detail:
        lines.append(one_line(judgement.detail))
    return lines
