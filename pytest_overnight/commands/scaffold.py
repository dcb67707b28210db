"""``pytest-overnight new``: the beginning of a challenge."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_overnight.commands import base
from pytest_overnight.commands.base import CommandError
from pytest_overnight.settings import default_suite

if TYPE_CHECKING:
    from pytest_overnight.commands.base import Commands

TASK = """\
schema_version = "1.3"

[task]
name = "pytest-overnight/{slug}"
description = "TODO: what is to be done, in one line"

[metadata.overnight]
id = "{id}"
level = "{level}"
title = "{title}"
repetitions = {repetitions}
expected_files = ["answer.py"]

[agent]
timeout_sec = {seconds:.1f}

[verifier]
timeout_sec = 120.0
"""
INSTRUCTION = """\
TODO: what is to be done. Name every file, function, command and format that hidden
tests use; an agent has this page and the starting workspace, and nothing else.

Write `answer.py` with a function `answer()` that returns 42.
"""
README = """\
# {id} {title}

TODO: what it is about, in three lines.

## How it is judged

- `tests/test_answer.py`: TODO: what it decides.

## Answers that look right and are not

| `wrong/` | rejected by | why |
| --- | --- | --- |
| `text-for-a-number` | `test_the_answer` | returns "42" |
"""
TEST = """\
\"\"\"TODO: what these tests decide.\"\"\"

from __future__ import annotations

from typing import Any

from pytest_overnight.grading import same


def test_the_answer(code: Any) -> None:
    assert same(code.call("answer:answer"), 42)
"""
FILES = {
    "task.toml": TASK,
    "instruction.md": INSTRUCTION,
    "README.md": README,
    "environment/README.md": "Nothing is here yet: write `answer.py`.\n",
    "tests/test_answer.py": TEST,
    "solution/answer.py": "def answer():\n    return 42\n",
    "wrong/text-for-a-number/answer.py": 'def answer():\n    return "42"\n',
}
DEFAULTS = {
    "L3": (180.0, 10),
    "L4": (300.0, 10),
    "L5": (480.0, 10),
    "L6": (600.0, 5),
    "A": (480.0, 3),
}
"""Level → limit of working time in seconds, repetitions."""
ABOUT = """\
Makes a folder with a tiny challenge that works, to be rewritten. What is still
missing then, `pytest-overnight audit ID` says.
"""


def add(commands: Commands) -> None:
    """Declare it."""
    new = commands.add_parser(
        "new",
        help="begin a challenge of your own",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    new.add_argument("id", metavar="ID", help="such as L3-7 or A-4a; not taken yet")
    new.add_argument("title", metavar="TITLE", help='such as "Parse Dates"')
    new.add_argument(
        "--suite",
        type=Path,
        metavar="DIR",
        default=os.environ.get("OVERNIGHT_SUITE") or "challenges",
        help="folder with one sub-folder a challenge (default: %(default)s)",
    )
    new.set_defaults(do=_new)


def _new(options: argparse.Namespace) -> int:
    from pytest_overnight.catalog.harbor import ID_FORM

    slug = re.sub(r"[^a-z0-9]+", "-", options.title.lower()).strip("-")
    if not ID_FORM.fullmatch(options.id):
        raise CommandError(f"{options.id!r} is no id. Such as: L3-7, A-4a.")
    if not slug:
        raise CommandError(f"{options.title!r} has no letters. Such as: Parse Dates.")
    suite = Path(options.suite)
    _check_free(suite, options.id)
    folder = suite / f"{options.id}-{slug}"
    try:
        _write(folder, options.id, options.title.replace('"', "'"), slug)
    except OSError as problem:
        raise CommandError(f"{folder}: cannot be written ({problem}).") from None
    more = "" if suite.resolve() == default_suite() else f" --suite {suite}"
    print(
        f"{folder}\nNext: write it; `pytest-overnight audit {options.id}{more}` helps."
    )
    return 0


def _check_free(suite: Path, wanted: str) -> None:
    """No id may begin another: ``-k L6-3`` looks for a part of a name."""
    taken = base.load(suite) if any(suite.glob("*/task.toml")) else ()
    for one in taken:
        if one.id.startswith(wanted) or wanted.startswith(one.id):
            raise CommandError(
                f"{wanted} and {one.id} ({one.folder.name}) begin alike. Choose an id "
                "that begins no other one."
            )


def _write(folder: Path, challenge_id: str, title: str, slug: str) -> None:
    level = challenge_id.partition("-")[0]
    seconds, repetitions = DEFAULTS[level]
    facts = {
        "id": challenge_id,
        "level": level,
        "title": title,
        "slug": slug,
        "seconds": seconds,
        "repetitions": repetitions,
    }
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pages = ("task.toml", "README.md")
        with path.open("x", encoding="utf-8") as file:
            file.write(text.format(**facts) if name in pages else text)
