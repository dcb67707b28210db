"""Read challenge folders: Harbor's task layout, with our part in its metadata.

``task.toml`` fields that we do not use are allowed, as Harbor allows them; what we do
use is checked, and every complaint names file, key and cure.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from pytest_overnight.catalog.challenge import LEVELS
from pytest_overnight.catalog.challenge import Challenge

ID_FORM = re.compile(r"(L[3-6]-\d{1,2}|A-\d{1,2}[a-z]?)")
MAX_TIMEOUT = 720.0
"""Seconds; no challenge may take longer (the plan's limit)."""


class CatalogError(ValueError):
    """A challenge folder is not in order; the text says where and what to do."""


def load_suite(suite: Path) -> tuple[Challenge, ...]:
    """Every challenge of a folder, level by level; raises :class:`CatalogError`."""
    if not suite.is_dir():
        raise CatalogError(
            f"{suite}: no such folder. Point --overnight-suite at a folder with one "
            "sub-folder a challenge."
        )
    challenges = [load_challenge(folder) for folder in challenge_folders(suite)]
    if not challenges:
        raise CatalogError(f"{suite}: no challenge (no sub-folder holds a task.toml).")
    _check_ids(challenges)
    return tuple(sorted(challenges, key=lambda challenge: challenge.place))


def challenge_folders(suite: Path) -> list[Path]:
    """The sub-folders that hold a ``task.toml``, sorted."""
    return sorted(path.parent for path in suite.glob("*/task.toml"))


def load_challenge(folder: Path) -> Challenge:
    """One validated challenge; raises :class:`CatalogError`."""
    file = folder / "task.toml"
    table = _Table(file, _read_toml(file))
    ours = table.table("metadata").table("overnight")
    level = ours.choice("level", LEVELS)
    challenge_id = ours.text("id")
    if not ID_FORM.fullmatch(challenge_id) or not challenge_id.startswith(level):
        what = f"{challenge_id!r} is not an id of level {level}"
        raise ours.error("id", what, "L3-1")
    if not folder.name.startswith(f"{challenge_id}-"):
        what = f"{challenge_id!r} must begin the folder's name ({folder.name})"
        raise ours.error("id", what, "-".join(folder.name.split("-")[:2]))
    timeout = table.table("agent").number("timeout_sec", 1.0, MAX_TIMEOUT)
    verify = table.table("verifier").number("timeout_sec", 1.0, MAX_TIMEOUT)
    instruction = _instruction(folder)
    _check_layout(folder)
    return Challenge(
        id=challenge_id,
        level=level,
        title=ours.text("title"),
        folder=folder,
        instruction=instruction,
        timeout_seconds=timeout,
        verify_seconds=verify,
        repetitions=ours.whole("repetitions", 1, 1000),
        expected_files=tuple(ours.texts("expected_files")),
        digest=_digest(folder, instruction, timeout, verify),
    )


def tree_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Relative POSIX name and path of each regular file below ``root``, sorted.

    Byte-code is left out: it appears by itself wherever Python has looked.
    """
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(root).as_posix(), path


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CatalogError(f"{file}: missing. Every challenge has one.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise CatalogError(f"{file}: not valid TOML: {problem}") from None
    except OSError as problem:
        raise CatalogError(f"{file}: cannot be read: {problem.strerror}.") from None


def _instruction(folder: Path) -> str:
    file = folder / "instruction.md"
    try:
        text = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise CatalogError(f"{file}: missing. It is the prompt.") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise CatalogError(f"{file}: cannot be read as UTF-8: {problem}.") from None
    if not text:
        raise CatalogError(f"{file}: empty. It is the exact prompt the agent gets.")
    return text + "\n"


def _check_layout(folder: Path) -> None:
    for name, why in (
        ("environment", "the starting workspace"),
        ("solution", "the reference answer, which the oracle agent plays"),
    ):
        if not any(tree_files(folder / name)):
            raise CatalogError(f"{folder / name}: no files there. It holds {why}.")
    if not any((folder / "tests").glob("test_*.py")):
        raise CatalogError(f"{folder / 'tests'}: no test_*.py. It holds hidden tests.")
    for link in folder.rglob("*"):
        if link.is_symlink():
            raise CatalogError(f"{link}: a link. Challenges hold plain files only.")


def _check_ids(challenges: list[Challenge]) -> None:
    """``-k L6-3`` is a substring match: it is exact only if no id begins another."""
    for first, second in pairwise(sorted(challenges, key=lambda one: one.id)):
        if first.id == second.id:
            raise CatalogError(
                f"{second.folder / 'task.toml'}: [metadata.overnight] id "
                f"{first.id!r} is taken by {first.folder.name}. Choose another id."
            )
        if second.id.startswith(first.id):
            raise CatalogError(
                f"{second.folder / 'task.toml'}: id {second.id!r} begins with "
                f"{first.id!r} ({first.folder.name}), so -k {first.id} would select "
                "both. Choose ids that do not begin each other."
            )


def _digest(folder: Path, instruction: str, timeout: float, verify: float) -> str:
    total = hashlib.sha256(json.dumps([instruction, timeout, verify]).encode())
    for part in ("environment", "tests"):
        for name, path in tree_files(folder / part):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{part}/{name}\0{content}\n".encode())
    return total.hexdigest()


def parts_of(challenge: Challenge) -> dict[str, str]:
    """SHA-256 of each part that :attr:`Challenge.digest` is over: which one changed?"""
    limits = json.dumps([challenge.timeout_seconds, challenge.verify_seconds])
    parts = {
        "instruction": hashlib.sha256(challenge.instruction.encode()),
        "limits": hashlib.sha256(limits.encode()),
    }
    for part in ("environment", "tests"):
        parts[part] = hashlib.sha256()
        for name, path in tree_files(challenge.folder / part):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            parts[part].update(f"{name}\0{content}\n".encode())
    return {name: digest.hexdigest() for name, digest in sorted(parts.items())}


class _Table:
    """One TOML table that knows where it stands, for the complaints."""

    def __init__(self, file: Path, content: dict[str, Any], name: str = "") -> None:
        self._file, self._content, self._name = file, content, name

    def table(self, key: str) -> _Table:
        name = f"{self._name}.{key}" if self._name else key
        value = self._content.get(key)
        if not isinstance(value, dict):
            raise CatalogError(f"{self._file}: table [{name}] is missing. Add it.")
        return _Table(self._file, value, name)

    def text(self, key: str) -> str:
        value = self._content.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "must be text", "some text")
        return value

    def texts(self, key: str) -> list[str]:
        value = self._content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.error(key, "must be a list of texts", ["a.py"])
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.error(key, f"{value!r} is not one of {', '.join(allowed)}", "L3")
        return value

    def number(self, key: str, least: float, most: float) -> float:
        value = self._content.get(key)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not least <= float(value or 0) <= most:
            raise self.error(key, f"must be a number, {least:g} to {most:g}", least)
        return float(value or 0)

    def whole(self, key: str, least: int, most: int) -> int:
        value = self.number(key, least, most)
        if value != int(value):
            raise self.error(key, "must be a whole number", least)
        return int(value)

    def error(self, key: str, what: str, example: object) -> CatalogError:
        shown = json.dumps(example)
        return CatalogError(
            f"{self._file}: [{self._name}] {key} {what}. For example: {key} = {shown}"
        )
