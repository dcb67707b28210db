"""What a cheat is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from tests.security.judging import put


@dataclass(frozen=True, slots=True)
class Cheat:
    """A piece of work that does not do the task and wants to count as solved."""

    name: str
    idea: str
    """What it speculates on, in one sentence."""
    files: Mapping[str, str | bytes]
    """Path → content. ``@TESTS@`` becomes the path of the hidden tests: the most that
    an agent could have found out."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Path → target of a symbolic link."""
    bites_naive: bool = False
    """Whether a verifier that runs tests and answer in one process falls for it."""
    caught_by: tuple[str, ...] = ("test_total",)
    """Checks that must fail, whatever else fails."""
    promise: str = ""
    """The guarantee of a box that alone stops it; empty where none is needed."""
    hangs: bool = False
    """It takes all the time there is: judged with little."""

    def lay(self, folder: Path, tests: str) -> None:
        """Put it into an agent's live workspace."""
        put(folder, self.files, tests)
        for name, target in self.links.items():
            (folder / name).symlink_to(target)

    @property
    def planted(self) -> dict[str, str | bytes]:
        """All but the answer itself."""
        return {name: text for name, text in self.files.items() if name != "work.py"}
