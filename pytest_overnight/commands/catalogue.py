"""``pytest-overnight list`` and ``show``: what there is to be solved."""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import TYPE_CHECKING

from pytest_overnight.commands import base

if TYPE_CHECKING:
    from pytest_overnight.catalog.challenge import Challenge
    from pytest_overnight.commands.base import Commands


def add(commands: Commands) -> None:
    """Declare both."""
    listing = commands.add_parser(
        "list",
        help="the challenges of a suite, a line each",
        description="The challenges of a suite, a line each.",
    )
    base.add_suite(listing)
    listing.set_defaults(do=_list)
    show = commands.add_parser(
        "show",
        help="one challenge: limits, files, and the exact text the agent gets",
        description="One challenge: limits, files, and the exact text that an agent "
        "gets. Hidden tests stay hidden: their folder is named, not shown.",
    )
    show.add_argument("id", metavar="ID", help="such as L3-1")
    base.add_suite(show)
    show.set_defaults(do=_show)


def _list(options: argparse.Namespace) -> int:
    known = base.load(options.suite)
    print(f"{'challenge':<10} {'limit':>6} {'runs':>5} {'wrong':>6}  title")
    for one in known:
        limit = f"{one.timeout_seconds:.0f} s"
        wrong = len(one.wrong)
        line = f"{one.id:<10} {limit:>6} {one.repetitions:>5} {wrong:>6}  {one.title}"
        print(line)
    runs = sum(one.repetitions for one in known)
    print(f"{len(known)} challenges, {runs} runs a night.")
    return 0


def _show(options: argparse.Namespace) -> int:
    challenge = base.load(options.suite, [options.id])[0]
    width = min(shutil.get_terminal_size().columns, 100)
    for line in _facts(challenge):
        print(line)
    print("-" * width)
    sys.stdout.write(challenge.instruction)
    return 0


def _facts(challenge: Challenge) -> list[str]:
    from pytest_overnight.catalog.harbor import tree_files

    start = [name for name, _ in tree_files(challenge.environment)]
    wrong = ", ".join(folder.name for folder in challenge.wrong) or "none"
    expected = ", ".join(challenge.expected_files) or "none"
    return [
        f"{challenge.id} {challenge.title} (level {challenge.level})",
        f"limits:    {challenge.timeout_seconds:.0f} s of work, "
        f"{challenge.verify_seconds:.0f} s for hidden tests; "
        f"{challenge.repetitions} repetitions",
        f"folder:    {challenge.folder}",
        f"start:     {', '.join(start)}",
        f"expected:  {expected}",
        f"wrong:     {wrong}",
        f"digest:    {challenge.digest}",
    ]
