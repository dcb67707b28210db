"""Another right answer, which agents never see; also what the judge compares with."""

from __future__ import annotations

import asyncio
import functools
import math
import pathlib
import sys
from collections import Counter
from collections import defaultdict
from collections.abc import AsyncIterable
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from fractions import Fraction
from typing import overload

Note = int | float | str | None


class FeedError(Exception):
    pass


@dataclass(eq=False)
class Reading:
    scale: str
    grams: int
    stamp: int = 0

    def key(self) -> tuple[int, str]:
        return self.stamp, self.scale

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reading) and self.key() == other.key()

    def __lt__(self, other: Reading) -> bool:
        return self.key() < other.key()

    def __gt__(self, other: Reading) -> bool:
        return self.key() > other.key()

    def __le__(self, other: Reading) -> bool:
        return self.key() <= other.key()

    def __ge__(self, other: Reading) -> bool:
        return self.key() >= other.key()

    def __bool__(self) -> bool:
        return bool(self.grams)


@dataclass
class Collected:
    feeds: dict[str, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def capitals(code: str) -> str:
    return "".join(c.upper() if c.isascii() else c for c in code)


class Registry:
    def __init__(self, products: Mapping[str, str]) -> None:
        self.products = {capitals(code): name for code, name in products.items()}

    def add(self, code: str, name: str) -> None:
        self.products |= {capitals(code): name}

    def has_key(self, code: str) -> bool:
        return capitals(code) in self.products

    def __getitem__(self, code: str) -> str:
        return self.products[capitals(code)]

    def codes(self) -> list[str]:
        return sorted(self.products.keys())

    def drop(self, words: Sequence[str]) -> list[str]:
        gone = {c for c, n in self.products.items() for word in words if word in n}
        self.products = {c: n for c, n in self.products.items() if c not in gone}
        return sorted(gone)


def checksum(data: bytes) -> int:
    return functools.reduce(lambda total, byte: (total * 31 + byte) % 256, data, 0)


def number(digits: bytes) -> int:
    if not digits.lstrip(b"+-").isdigit():
        raise FeedError(digits)
    try:
        return int(digits)
    except ValueError:
        raise FeedError(digits) from None


def parse(line: bytes) -> Reading:
    parts = line.rstrip(b"\r\n").split(b"*")
    fields = parts[0].split()
    if len(parts) != 2 or len(fields) != 3:
        raise FeedError(line)
    if f"{checksum(parts[0]):02x}".encode() != parts[1]:
        raise FeedError(line)
    scale, grams, stamp = fields
    return Reading(str(scale, "latin-1"), number(grams), number(stamp))


class Feed:
    def __init__(self, lines: Iterable[bytes]) -> None:
        self.bad = 0
        self.lines = iter(lines)

    def __iter__(self) -> Feed:
        return self

    def __next__(self) -> Reading:
        for line in self.lines:
            try:
                return parse(line)
            except FeedError:
                self.bad += 1
        raise StopIteration


def average(readings: Sequence[Reading]) -> int:
    total = sum(reading.grams for reading in readings)
    return total // max(len(readings), 1)


@overload
def per_unit(amount: int, units: int) -> int: ...
@overload
def per_unit(amount: float, units: float) -> float: ...
def per_unit(amount: float, units: float) -> float:
    whole = type(amount) is int and type(units) is int
    return amount // units if whole else amount / units


def kilos(grams: int) -> float:
    tenths = math.floor(abs(Fraction(grams / 1000.0)) * 10 + Fraction(1, 2))
    return math.copysign(tenths / 10, grams)


def histogram(readings: Iterable[Reading], width: int = 500) -> list[tuple[int, int]]:
    counts = Counter(reading.grams // width for reading in readings)
    return [(number * width, counts[number]) for number in sorted(counts)]


def less(one: Note, other: Note) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one < other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one < other
    kinds = [(note is not None) + isinstance(note, str) for note in (one, other)]
    return kinds[0] < kinds[1]


def ranking(rows: Sequence[tuple[str, Note]]) -> list[tuple[str, Note]]:
    found = list(rows)
    found.sort(key=lambda row: row[0], reverse=True)

    def compare(a: tuple[str, Note], b: tuple[str, Note]) -> int:
        return less(b[1], a[1]) - less(a[1], b[1])

    found.sort(key=functools.cmp_to_key(compare))
    return found


def pairs(
    names: Sequence[str], weights: Sequence[int]
) -> list[tuple[str | None, int | None]]:
    size = max(len(names), len(weights))
    more_names = [*names, *[None] * (size - len(names))]
    more_weights = [*weights, *[None] * (size - len(weights))]
    return list(zip(more_names, more_weights, strict=True))


def digits(text: str) -> str:
    return "".join(filter(lambda c: c.isascii() and c.isdigit(), text))


def summary(readings: Iterable[Reading]) -> str:
    groups: defaultdict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        groups[reading.scale].append(reading)
    lines = []
    for scale in sorted(groups):
        group = groups[scale]
        group.sort(key=lambda reading: reading.stamp)
        mark = repr(group[-1].grams) if group[-1].grams else "-"
        lines.append(f"{scale:6s} {len(group):3d} {average(group):7d} {mark}")
    return "\n".join(lines)


async def collect(
    names: Iterable[str],
    fetch: Callable[[str], Awaitable[bytes]],
    tries: int = 3,
    delay: float = 0.5,
    limit: int = 4,
) -> Collected:
    running = asyncio.BoundedSemaphore(limit)
    found: dict[str, bytes] = {}
    order = list(names)

    async def one(name: str, attempt: int = 1) -> None:
        error: OSError | None = None
        async with running:
            try:
                found[name] = await fetch(name)
            except OSError as raised:
                error = raised
        if error and attempt < tries:
            await asyncio.sleep(delay * attempt)
            await one(name, attempt + 1)
        elif error:
            sys.stderr.write(f"{name}: {error}\n")

    tasks = [asyncio.create_task(one(name)) for name in order]
    for task in tasks:
        await task
    result = Collected({name: found[name] for name in order if name in found})
    result.problems += [name for name in order if name not in found]
    return result


async def watch(
    lines: AsyncIterable[bytes], handle: Callable[[Reading], Awaitable[None]]
) -> tuple[int, int]:
    counts = [0, 0]
    async for line in lines:
        found = list(Feed([line]))
        for reading in found:
            await handle(reading)
        counts[not found] += 1
    return counts[0], counts[1]


def main(argv: list[str]) -> int:
    feed = Feed(pathlib.Path(argv[1]).read_bytes().splitlines())
    readings = list(feed)
    weight = sum(kilos(reading.grams) for reading in readings)
    for text in (summary(readings), f"{feed.bad} bad, {weight:.1f} kg"):
        sys.stdout.buffer.write(text.encode("latin-1") + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
