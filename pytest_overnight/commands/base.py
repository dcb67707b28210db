"""What the commands share."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_overnight.settings import default_suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_overnight.catalog.challenge import Challenge
    from pytest_overnight.sandbox.probe import SandboxReport

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

LEVELS = ("auto", "bubblewrap", "landlock", "process")


class CommandError(Exception):
    """A mistake of the user; the text says what to do."""


def add_suite(parser: argparse.ArgumentParser) -> None:
    """``--suite``, as ``--overnight-suite`` of a night."""
    parser.add_argument(
        "--suite",
        type=Path,
        metavar="DIR",
        default=os.environ.get("OVERNIGHT_SUITE") or default_suite(),
        help="folder with one sub-folder a challenge (default: the suite that comes "
        "along)",
    )


def add_sandbox(parser: argparse.ArgumentParser) -> None:
    """``--sandbox``, as ``--overnight-sandbox`` of a night."""
    parser.add_argument(
        "--sandbox",
        choices=LEVELS,
        default="auto",
        help="walls around agent code (default: the best that works here)",
    )


def load(suite: Path, ids: Sequence[str] = ()) -> list[Challenge]:
    """The challenges with these ids, in this order; all for none.

    With ids nothing else is read: a neighbour that is not in order does not matter.
    """
    from pytest_overnight.catalog import harbor

    suite = Path(suite).resolve()
    try:
        if not ids:
            return list(harbor.load_suite(suite))
        return [harbor.load_challenge(_folder(suite, name)) for name in ids]
    except harbor.CatalogError as problem:
        raise CommandError(str(problem)) from None


def _folder(suite: Path, challenge_id: str) -> Path:
    from pytest_overnight.catalog.harbor import ID_FORM
    from pytest_overnight.catalog.harbor import challenge_folders

    folders = challenge_folders(suite)
    if ID_FORM.fullmatch(challenge_id):
        for folder in folders:
            if folder.name.startswith(f"{challenge_id}-"):
                return folder
    known = ", ".join(folder.name for folder in folders) or "none"
    raise CommandError(f"{suite}: no challenge {challenge_id}; there are: {known}.")


def prove_sandbox(wanted: str) -> SandboxReport:
    """The level that agent code gets, by self-test."""
    from pytest_overnight.sandbox.box import BoxError
    from pytest_overnight.sandbox.probe import prove
    from pytest_overnight.sandbox.runtime import prepare_runtime

    try:
        return prove(wanted, prepare_runtime())
    except (BoxError, OSError) as problem:
        raise CommandError(f"no sandbox: {problem}") from None


def make_plain() -> None:
    """Agent text may be no text at all, and is printed all the same."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
