"""What a challenge's own pages must say, beside being readable at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import tree_files

LEAST_WRONG = 4
"""Wrong answers that a challenge must have."""
TODO = "TODO"
"""Marks what is still to be written, see ``pytest-overnight new``."""

Name = tuple[str, str]
"""Kind and text of a name that hidden tests ask an answer for."""

_ROW = re.compile(r"^\|\s*`(?:wrong/)?([\w.-]+)`\s*\|\s*`(test_\w+)`")
_WORD = re.compile(r"\w+")
_OPTION = re.compile(r"--[\w-]+(=.*)?|[\w./-]+\.py", re.DOTALL)
"""Words of a command that are names: an option, a script."""
_PYTHONS = {"AttributeError", "FrozenInstanceError", "TypeError", "args"}
"""Of the language itself: what it raises for a frozen field, for a missing argument."""


def named_tests(challenge: Challenge) -> dict[str, str]:
    """Wrong answer → the hidden test that must reject it, by ``README.md``."""
    rows = (_ROW.match(line) for line in _page(challenge, "README.md").splitlines())
    return {row[1]: row[2] for row in rows if row}


def complaints(challenge: Challenge) -> Iterator[str]:
    """What is missing in a challenge's folder, a line each."""
    for name in ("task.toml", "instruction.md", "README.md"):
        text = _page(challenge, name)
        if not text or TODO in text:
            yield f"{name} still says {TODO}" if text else f"{name} is missing"
    number = len(challenge.wrong)
    if number < LEAST_WRONG:
        yield f"{number} wrong answers; at least {LEAST_WRONG} are needed in wrong/"
    named, there = named_tests(challenge), {folder.name for folder in challenge.wrong}
    for name in sorted(there - named.keys()):
        yield f"README.md has no row `| `{name}` | `test_…` | why |`"
    for name in sorted(named.keys() - there):
        yield f"README.md has a row for {name}, which is not in wrong/"
    answer = {name for name, _ in tree_files(challenge.solution)}
    for name in challenge.expected_files:
        if name not in answer and not (challenge.environment / name).is_file():
            yield f"the expected file {name} is not in solution/"
        if name not in challenge.instruction:
            yield f"the expected file {name} is not named in instruction.md"


def unsaid(challenge: Challenge, names: Iterable[Name]) -> list[str]:
    """Words of names that neither instruction nor starting workspace contain."""
    told = _told(challenge)
    found = {
        word if word == text else f"{word} ({text})"
        for kind, text in names
        if text not in _PYTHONS
        if kind != "word" or _OPTION.fullmatch(text)  # other words are data
        for word in _WORD.findall(text.partition("=")[0])
        if not word.isdigit() and word not in told
    }
    return sorted(found)


def _told(challenge: Challenge) -> set[str]:
    """Every word that an agent can read before it begins."""
    texts = [challenge.instruction]
    for name, path in tree_files(challenge.environment):
        texts += [name, path.read_bytes().decode("utf-8", "replace")]
    return {word for text in texts for word in _WORD.findall(text)}


def _page(challenge: Challenge, name: str) -> str:
    try:
        return (challenge.folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
