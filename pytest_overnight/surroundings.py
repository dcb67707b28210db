"""What lies around a workspace, watched: proof that an agent wrote outside of it.

Where the sandbox has walls nothing here ever changes. At level ``process`` it does
when an agent does what ``rm -rf ../*`` does.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import tree_files
from pytest_overnight.sandbox.removal import remove_tree

CANARY = ".canary"
"""Suffix of the file beside a workspace that nobody has any business with."""


class Surroundings:
    """One run's canary and its challenge's hidden tests, as they were before the try.

    All of it lies outside of what a box shows.
    """

    def __init__(self, workspace: Path, challenge: Challenge) -> None:
        """Lay the canary beside ``workspace`` and take the challenge's digest."""
        self._canary = workspace.with_name(workspace.name + CANARY)
        self._content = secrets.token_hex(16).encode()
        self._challenge = challenge
        remove_tree(self._canary)
        self._canary.write_bytes(self._content)
        self._digest = _secrets_digest(challenge)

    def breach(self) -> str:
        """Say what shows that the agent wrote outside; empty: nothing does."""
        found = _content(self._canary, len(self._content) + 1)
        if found == self._content:
            return ""
        what = "is gone" if found is None else "was changed"
        return f"wrote outside of the workspace: {self._canary.name} {what}"

    def changed_challenge(self) -> str:
        """Say that the challenge is another one now; empty: it is not.

        Behind walls that was somebody else, who edits it; without any, who knows.
        """
        if _secrets_digest(self._challenge) == self._digest:
            return ""
        name = self._challenge.folder.name
        return f"the instruction or hidden tests of {name} changed during the run"

    def remove(self) -> None:
        """Take the canary away, whatever it is by now; raises :class:`OSError`."""
        remove_tree(self._canary)


def _content(path: Path, size: int) -> bytes | None:
    """The beginning of a file; ``None`` where there is no regular one to be read."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    try:
        return os.read(descriptor, size)
    except OSError:  # a folder, say
        return None
    finally:
        os.close(descriptor)


def _secrets_digest(challenge: Challenge) -> str:
    """Over what the judge reads; takes 0.2 to 0.7 ms in the suite that comes along."""
    total = hashlib.sha256()
    try:
        total.update((challenge.folder / "instruction.md").read_bytes())
        for name, path in tree_files(challenge.tests):
            total.update(f"\0{name}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    except OSError as problem:
        total.update(f"\0{problem.strerror}".encode())
    return total.hexdigest()
