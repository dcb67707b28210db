"""What the counts are, and sources to be counted. Nothing here reaches the child.

Only sources of the judge's own run in this process. What the answer has written runs
in a child, on items that it cannot compare without asking.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from random import Random
from types import FrameType
from typing import Any
from typing import NamedTuple

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

SIZES = (10, 80)
SEEDS = range(5)
PLENTY = 60_000  # operations of one call, above all sources of these tests

MakeInput = Callable[[int, int], list[Any]]


class Item:
    """Counts each operation for the line of the source that asks for it."""

    __slots__ = ("lines", "value")

    def __init__(self, value: Any, lines: Counter[int]) -> None:
        self.value, self.lines = value, lines

    def asked(self) -> Any:
        frame: FrameType | None = sys._getframe()
        while frame is not None and frame.f_code.co_filename != "<judged>":
            frame = frame.f_back
        assert frame is not None
        self.lines[frame.f_lineno] += 1
        return self.value

    def __eq__(self, other: object) -> bool:
        return bool(self.asked() == bare(other))

    def __ne__(self, other: object) -> bool:
        return bool(self.asked() != bare(other))

    def __lt__(self, other: object) -> bool:
        return bool(self.asked() < bare(other))

    def __gt__(self, other: object) -> bool:
        return bool(self.asked() > bare(other))

    def __hash__(self) -> int:
        return hash(self.asked())


def bare(x: Any) -> Any:
    """The same data with items and keys replaced by their values."""
    if type(x) in (list, tuple):
        return type(x)(bare(one) for one in x)
    return getattr(x, "value", x)


def outcome(source: str, name: str, arguments: list[Any]) -> tuple[str, Any]:
    """``returned`` and the value, or ``raised`` and the name of the class."""
    module: dict[str, Any] = {"__name__": "judged"}
    exec(compile(source, "<judged>", "exec"), module)
    try:
        return "returned", module[name](*arguments)
    except Exception as error:
        return "raised", type(error).__name__


def profile(source: str, name: str, arguments: list[Any]) -> dict[int, int]:
    """Operations of one call by line."""
    lines: Counter[int] = Counter()
    counted = [
        [Item(item, lines) for item in one] if type(one) is list else one
        for one in arguments
    ]
    outcome(source, name, counted)
    return dict(lines)


def line_counts(source: str, name: str, make_input: MakeInput) -> list[Counter[int]]:
    """For each size the operations by line."""
    found = []
    for n in SIZES:
        lines: Counter[int] = Counter()
        for seed in SEEDS:
            lines.update(profile(source, name, make_input(n, seed)))
        found.append(lines)
    return found


def counts_and_slow_lines(case: Case) -> tuple[list[int], list[int]]:
    """Counts at 10 and at 80, and the lines with more than 24 times as many."""
    small, large = line_counts(case.source, case.name, case.make_input)
    slow = sorted(one for one in large if large[one] > 24 * max(1, small[one]))
    return [small.total(), large.total()], slow


def slow_lines(source: str, name: str, make_input: MakeInput) -> list[int]:
    """Rule 7."""
    return counts_and_slow_lines(Case(source, name, make_input))[1]


def counts(source: str, name: str, make_input: MakeInput) -> list[int]:
    """At 10 and at 80."""
    return counts_and_slow_lines(Case(source, name, make_input))[0]


def grows_better(before: list[int], after: list[int]) -> bool:
    """Rule 8."""
    twice = 2 * after[1] * max(before[0], 1)
    return after[1] < before[1] and twice <= before[1] * max(after[0], 1)


def keyed(clean: Any, text: str, case: Case, n: int, seed: int) -> int:
    """Operations of one call of a text of the answer, which must be right."""
    counter = clean.counter(PLENTY)
    plain = case.make_input(n, seed)
    lent = [
        clean.make([clean.key(item, counter) for item in one])
        if type(one) is list
        else one
        for one in plain
    ]
    check_outcome(clean, text, case, plain, lent)
    total: int = counter.total
    return total


def check_outcome(
    clean: Any, text: str, case: Case, plain: list[Any], lent: list[Any]
) -> None:
    """What the source does with ``plain``, the text has to do with ``lent``."""
    got: tuple[str, Any]
    try:
        got = "returned", bare(getattr(clean.define(text), case.name)(*lent))
    except CodeError as error:
        got = "raised", error.type
    assert same(got, outcome(case.source, case.name, plain)), case.source
    left = [
        clean.plain(x) if type(y) is list else y
        for x, y in zip(lent, plain, strict=True)
    ]
    assert same(bare(left), plain), case.source


def measured(clean: Any, text: str, case: Case) -> list[int]:
    """Counts of a text of the answer, whose results must be those of the case."""
    return [sum(keyed(clean, text, case, n, seed) for seed in SEEDS) for n in SIZES]


def check_counts(
    clean: Any, rng: Random, text: str, case: Case, after: list[int]
) -> None:
    """The same with fewer questions: at 80, one seed has about a fifth of the count."""
    assert sum(keyed(clean, text, case, SIZES[0], seed) for seed in SEEDS) == after[0]
    often = 5 * keyed(clean, text, case, SIZES[1], rng.choice(SEEDS))
    assert abs(often - after[1]) <= after[1] // 3, f"about {often}, not {after[1]}"
    for seed in SEEDS:
        plain = case.make_input(SIZES[1], seed)
        lent = [clean.make(x) if type(x) is list else x for x in plain]
        check_outcome(clean, text, case, plain, lent)


def check_unchanged(clean: Any, text: str, case: Case) -> None:
    """A function that has been refused: the same operations as before."""
    for seed in SEEDS:
        before = profile(case.source, case.name, case.make_input(SIZES[0], seed))
        assert keyed(clean, text, case, SIZES[0], seed) == sum(before.values())


class Case(NamedTuple):
    """A source, one of its functions, and what to measure it on."""

    source: str
    name: str
    make_input: MakeInput


KINDS: dict[str, Callable[[int], Any]] = {
    "int": lambda number: number,
    "text": lambda number: f"item {number}",
    "tuple": lambda number: (number // 7, number % 7),
    "half": lambda number: number / 2,
}

IMPROVABLE = {
    "in a parameter": """
        found = []
        for value in left:
            if value in right:
                found.append(value)
        return found
    """,
    "not in a parameter": """
        return [value for value in left if value not in right]
    """,
    "a list that grows": """
        kept = []
        for value in left:
            if value not in kept:
                kept.append(value)
        return kept
    """,
    "count": """
        return [(value, left.count(value)) for value in right]
    """,
    "count in a condition": """
        once = 0
        place = 0
        while place < len(left):
            once += left.count(left[place]) == 1 and right.count(left[place]) < 2
            place += 1
        return once
    """,
    "all at once": """
        kept = 0
        pairs = []
        known = []
        for place in range(len(left)):
            if left[place] in right and left[place] not in known:
                known.append(left[place])
                pairs.append([place, right.count(left[place])])
            elif right[place] in left:
                kept += 1
        return kept, pairs
    """,
    "two lists that grow": """
        first = []
        again = []
        for value in left:
            if value in first:
                if value not in again:
                    again.append(value)
            else:
                first.append(value)
        for value in first:
            if len(again) > len(left):
                return first
        return again
    """,
    "a list that begins anew": """
        sizes = []
        for part in range(2):
            seen = []
            for value in left:
                if value not in seen:
                    seen.append(value)
            sizes.append(len(seen))
        return sizes
    """,
    "in an expression": """
        return sum(1 if value in right else 2 for value in left), len(right)
    """,
    "fast lines beside it": """
        known = {value for value in right}
        first, again = [], []
        for value in left:
            if right.count(value) > 0:
                again.append(value)
            if len(again) > 3:
                again.remove(again[0])
            if value in known and value in again and value not in NOTHING:
                first.append(value)
        return first, again
    """,
}
"""Bodies of functions of ``left`` and ``right``, which rule 10 asks for."""

OTHERS = {
    "another line is slow, too": """
        kept = 0
        for value in left:
            for again in left:
                kept += value < again
            if value in right:
                kept += 1
        return kept
    """,
    "a parameter that shrinks": """
        pairs = 0
        for value in left:
            if value in right:
                right.remove(value)
                pairs += 1
        return pairs
    """,
    "a parameter that grows": """
        for value in left:
            if value not in right:
                right.append(value)
        return len(right)
    """,
    "a list that shrinks": """
        kept = []
        for value in left:
            if value in kept:
                kept.remove(value)
            else:
                kept.append(value)
        return kept
    """,
    "a list with another name": """
        kept = []
        again = kept
        for value in left:
            if value not in kept:
                again.insert(0, value)
        return kept
    """,
    "counted while it shrinks": """
        found = []
        while left:
            found.append(left.count(left[0]))
            del left[0]
        return found
    """,
    "another list by that name": """
        found = 0
        for value in left:
            found += value in right
            right = right[1:] + [value]
        return found
    """,
}
"""Functions with a slow line that a set or a table of counts does not improve."""

FAST = {
    "one pass": """
        found = left[0]
        for value in left:
            if found < value:
                found = value
        return found
    """,
    "a set": """
        known = set(right)
        return [value for value in left if value in known]
    """,
    "sorted": """
        return sorted(left), sorted(right)
    """,
    "a short search": """
        return [value in right[:2] for value in left]
    """,
    "nothing": """
        return len(left), len(right)
    """,
}
"""Functions without a slow line."""

HEAD = [
    '"""Some module."""',
    "import math",
    "LIMIT = 3",
    "",
    "# Not to be touched.",
    "def other(items):\n    return items.count(items[0])",
    "class Holder:\n    size = 3",
]
NAMES = "left right value found kept known place once first again pairs seen sizes"
WORDS = (
    "amber basil cedar dune ember fjord grove hazel iris jade kelp loam moss nut oak"
)


def indented(body: str) -> str:
    """The body of a function, as it stands above."""
    lines = [line[4:] for line in body.strip("\n").splitlines()]
    return "\n".join(lines).rstrip() + "\n"


def renamed(rng: Random, text: str) -> str:
    """The same text with other names of variables."""
    names = NAMES.split()
    other = dict(zip(names, rng.sample(WORDS.split(), len(names)), strict=True))
    return re.sub(rf"\b({'|'.join(names)})\b", lambda found: other[found[0]], text)


def two_lists(rng: Random, kind: str = "") -> MakeInput:
    """Lists of n items, about half of which are in the other one."""
    salt, choice = rng.random(), kind or rng.choice(sorted(KINDS))

    def make_input(n: int, seed: int) -> list[Any]:
        inner = Random(f"{salt} {n} {seed}")
        item = KINDS[choice]
        return [[item(inner.randrange(2 * n)) for _ in range(n)] for _ in "ab"]

    return make_input


def function_case(rng: Random, body: str, make_input: MakeInput) -> Case:
    """A module around a function of two lists, with other lines above it."""
    name = rng.choice(["task", "job", "step_7"])
    head = "\n\n".join(rng.sample(HEAD, rng.randint(0, len(HEAD))))
    text = f"def {name}(left, right):\n" + indented(body)
    return Case(f"{head}\n\nNOTHING = ()\n\n{renamed(rng, text)}", name, make_input)
