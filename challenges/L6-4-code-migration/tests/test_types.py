"""The type hints, by a type checker: the module, and a program that uses it."""

from __future__ import annotations

import ast
import re
from typing import Any

USE = """
from collections.abc import AsyncIterator
from typing import assert_type

import modern_code as m


async def fetch(name: str) -> bytes:
    return name.encode()


async def lines() -> AsyncIterator[bytes]:
    yield b""


async def handle(reading: m.Reading) -> None:
    print(reading.scale)


def wrong_fetch(name: str) -> bytes:
    return b""


async def use_async() -> None:
    found = await m.collect(["a"], fetch, tries=2, delay=0.25, limit=3)
    assert_type(found, m.Collected)
    assert_type(found.feeds, dict[str, bytes])
    assert_type(found.problems, list[str])
    assert_type(await m.watch(lines(), handle), tuple[int, int])
    await m.collect([b"a"], fetch)  # type: ignore
    await m.collect(["a"], wrong_fetch)  # type: ignore
    await m.watch([b""], handle)  # type: ignore
    m.collect(["a"], fetch).feeds  # type: ignore


def use(rows: list[tuple[str, m.Note]]) -> None:
    one = m.Reading("a", 1)
    assert_type(one.scale, str)
    assert_type(one.grams, int)
    assert_type(m.Reading("a", 1, stamp=2).stamp, int)
    m.Reading(b"a", 1)  # type: ignore
    m.Reading("a", 1.5)  # type: ignore
    assert_type(one < one, bool)
    registry = m.Registry({"a": "b"})
    registry.add("c", "d")
    assert_type(registry.has_key("a"), bool)
    assert_type(registry["a"], str)
    assert_type(registry.codes(), list[str])
    assert_type(registry.drop(["x"]), list[str])
    registry.has_key(b"a")  # type: ignore
    assert_type(m.checksum(b"a"), int)
    m.checksum("a")  # type: ignore
    assert_type(m.parse(b"a"), m.Reading)
    m.parse("a")  # type: ignore
    feed = m.Feed([b"a"])
    assert_type(feed.bad, int)
    assert_type(next(feed), m.Reading)
    assert_type(list(feed), list[m.Reading])
    m.Feed(["a"])  # type: ignore
    assert_type(m.average([one]), int)
    assert_type(m.average(()), int)
    assert_type(m.per_unit(7, 2), int)
    assert_type(m.per_unit(7.0, 2), float)
    assert_type(m.per_unit(7, 0.5), float)
    m.per_unit("7", 2)  # type: ignore
    assert_type(m.kilos(5), float)
    assert_type(m.histogram(iter([one]), 5), list[tuple[int, int]])
    assert_type(m.ranking(rows), list[tuple[str, m.Note]])
    assert_type(m.pairs(["a"], (1,)), list[tuple[str | None, int | None]])
    assert_type(m.digits("a"), str)
    assert_type(m.summary(iter([one])), str)
    assert_type(m.main(["a", "b"]), int)
    raise m.FeedError("x")
"""

BANNED = {"Any", "cast", "no_type_check", "TYPE_CHECKING"}


def test_a_type_checker_finds_nothing_to_complain_of(shell: Any, files: Any) -> None:
    shell.write("typed/modern_code.py", files.text("modern_code.py"))
    shell.write("typed/program.py", USE)
    shell.write("typed/mypy.ini", "[mypy]\n")  # settings of the submission do not count
    command = "cd typed && python -m mypy --strict modern_code.py program.py"
    result = shell.run(command, env={"MYPY_CACHE_DIR": "/dev/null"})
    assert result.status == 0, result.text[:2000]


def test_the_checker_is_not_told_to_look_away(files: Any) -> None:
    text = files.text("modern_code.py")
    assert not re.search(r"#\s*(type|mypy)\s*:", text)
    names = set()
    for node in ast.walk(files.tree("modern_code.py")):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.add(node.name)
    assert not names & BANNED
