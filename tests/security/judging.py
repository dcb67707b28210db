"""Challenges and answers written where a test wants them, to be judged for real."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.sandbox.probe import why_not


def put(folder: Path, files: Mapping[str, str | bytes], tests: str = "") -> None:
    """Write files below a folder; what begins like a script may be run.

    ``@TESTS@`` in them becomes ``tests``.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(data.replace(b"@TESTS@", os.fsencode(tests)))
        if data.startswith(b"#!"):
            path.chmod(0o755)


def challenge(
    suite: Path, name: str, hidden: str, solution: str = "", seconds: float = 60.0
) -> Challenge:
    """A challenge with these hidden tests and so much time for a verification."""
    folder = suite / name
    put(folder, {"tests/test_task.py": hidden, "solution/work.py": solution})
    return Challenge(
        id=name,
        level="L3",
        title=name,
        folder=folder,
        instruction="",
        timeout_seconds=60.0,
        verify_seconds=seconds,
        repetitions=1,
        expected_files=("work.py",),
        digest="",
    )


@cache
def best_level() -> str:
    """The best level that works here."""
    return next(n for n in ("bubblewrap", "landlock", "process") if not why_not(n))
