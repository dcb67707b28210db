"""Trying hidden tests while writing them: one submission, one table of checks."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import load_challenge
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.sandbox.probe import why_not

STATUS = {Verdict.PASS: 0, Verdict.FAIL: 1}


def main() -> int:
    """Print the checks; 0 solved, 1 missed, 2 could not be judged."""
    options = _options()
    for stream in (sys.stdout, sys.stderr):  # agent text may be no text at all
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    challenge = load_challenge(options.challenge.resolve())
    with tempfile.TemporaryDirectory(prefix="overnight-trial-") as folder:
        log = Path(folder, "judge.log")
        tree = Path(folder, "submission")
        _lay(options, challenge, tree)
        verifier = Verifier([challenge], level=options.level, log=log)
        try:
            judgement = verifier.verify(challenge, tree, options.seed)
        finally:
            verifier.close()
        _print(judgement)
        sys.stderr.write(log.read_text(errors="replace"))
    return STATUS.get(judgement.verdict, 2)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_overnight.grading.verifier", description=__doc__
    )
    level = "process" if why_not("bubblewrap") else "bubblewrap"
    parser.add_argument("challenge", type=Path, help="folder of the challenge")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("submission", type=Path, nargs="?", help="folder to be judged")
    what.add_argument("--solution", action="store_true", help="the reference answer")
    what.add_argument("--start", action="store_true", help="the untouched start")
    what.add_argument("--wrong", metavar="NAME", help="one of wrong/")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--level", default=level, help="default: %(default)s")
    return parser.parse_args()


def _lay(options: argparse.Namespace, challenge: Challenge, tree: Path) -> None:
    """The submission: a copy, or the start with an overlay."""
    if options.submission is not None:
        shutil.copytree(options.submission, tree, symlinks=True)
        return
    shutil.copytree(challenge.environment, tree)
    overlay = None
    if options.solution:
        overlay = challenge.solution
    elif options.wrong:
        overlay = challenge.folder / "wrong" / options.wrong
    if overlay is not None:
        shutil.copytree(overlay, tree, dirs_exist_ok=True)


def _print(judgement: Judgement) -> None:
    for check in judgement.checks:
        print("ok    " if check.passed else "FAILED", check.name)
        if check.message:
            print("       " + check.message.replace("\n", "\n       "))
    print(
        f"{judgement.verdict.value}  {judgement.detail}".rstrip(),
        f"({len(judgement.checks)} checks, {judgement.seconds:.2f} s wall, "
        f"{judgement.cpu_seconds:.2f} s CPU, seed {judgement.seed})",
    )
