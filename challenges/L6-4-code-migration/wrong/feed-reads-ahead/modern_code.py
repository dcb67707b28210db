"""Reads what the scales of a warehouse send, and reports on it."""

import asyncio
import sys
from collections.abc import AsyncIterable
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP
from decimal import Decimal
from functools import total_ordering
from itertools import zip_longest
from pathlib import Path
from typing import overload

Note = int | float | str | None


class FeedError(Exception):
    """A line is not as it should be."""


@total_ordering
@dataclass(eq=False)
class Reading:
    """What a scale has weighed, and when."""

    scale: str
    grams: int
    stamp: int = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reading):
            return NotImplemented
        return (self.stamp, self.scale) == (other.stamp, other.scale)

    def __lt__(self, other: "Reading") -> bool:
        return (self.stamp, self.scale) < (other.stamp, other.scale)

    def __bool__(self) -> bool:
        return self.grams != 0


@dataclass
class Collected:
    """What was fetched, and of which scales nothing was."""

    feeds: dict[str, bytes]
    problems: list[str]


class Registry:
    """Names of products by code; a code may be given in capitals or not."""

    def __init__(self, products: Mapping[str, str]) -> None:
        self.products: dict[str, str] = {}
        for code, name in products.items():
            self.add(code, name)

    def add(self, code: str, name: str) -> None:
        self.products[_upper(code)] = name

    def has_key(self, code: str) -> bool:
        return _upper(code) in self.products

    def __getitem__(self, code: str) -> str:
        return self.products[_upper(code)]

    def codes(self) -> list[str]:
        return sorted(self.products)

    def drop(self, words: Sequence[str]) -> list[str]:
        """Removes the products whose name contains one of the words."""
        dropped = [
            code
            for code, name in self.products.items()
            if any(word in name for word in words)
        ]
        for code in dropped:
            del self.products[code]
        return sorted(dropped)


def _upper(code: str) -> str:
    """Python 2 knew ASCII letters only."""
    return code.encode("latin-1").upper().decode("latin-1")


def checksum(data: bytes) -> int:
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0o377
    return total


def parse(line: bytes) -> Reading:
    """A line such as 'A7 +1250 1300000000*85' as a Reading."""
    if line.count(b"*") != 1:
        raise FeedError("no checksum")
    body, check = line.rstrip(b"\r\n").split(b"*")
    if b"%02x" % checksum(body) != check:
        raise FeedError("wrong checksum")
    try:
        # As bytes: text would be split at more kinds of white space.
        scale, grams, stamp = body.split()
        return Reading(scale.decode("latin-1"), _int(grams), _int(stamp))
    except ValueError as error:
        raise FeedError(f"bad fields: {error}") from error


def _int(digits: bytes) -> int:
    """Python 2 knew no ``1_000``."""
    if b"_" in digits:
        raise ValueError(f"{digits!r} is no number")
    return int(digits)


class Feed:
    """The readings in some lines, one by one; bad lines are counted."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.lines = iter(list(lines))
        self.bad = 0

    def __iter__(self) -> Iterator[Reading]:
        return self

    def __next__(self) -> Reading:
        while True:
            line = next(self.lines)
            try:
                return parse(line)
            except FeedError:
                self.bad += 1


def average(readings: Sequence[Reading]) -> int:
    """Grams, rounded down; 0 without readings."""
    if not readings:
        return 0
    return sum(reading.grams for reading in readings) // len(readings)


@overload
def per_unit(amount: int, units: int) -> int: ...
@overload
def per_unit(amount: float, units: float) -> float: ...
def per_unit(amount: float, units: float) -> float:
    """Whole numbers give a whole number, others do not."""
    if isinstance(amount, int) and isinstance(units, int):
        return amount // units
    return amount / units


def kilos(grams: int) -> float:
    # Python 2 rounded halves away from zero.
    return float(Decimal(grams / 1000.0).quantize(Decimal("0.1"), ROUND_HALF_UP))


def histogram(readings: Iterable[Reading], width: int = 500) -> list[tuple[int, int]]:
    """How many readings there are in each class of so many grams."""
    counts: dict[int, int] = {}
    for reading in readings:
        start = reading.grams // width * width
        counts[start] = counts.get(start, 0) + 1
    return sorted(counts.items())


def ranking(rows: Sequence[tuple[str, Note]]) -> list[tuple[str, Note]]:
    """Rows of a name and a note (nothing, a number or a text), by note."""
    by_name = sorted(rows, key=lambda row: row[0], reverse=True)
    return sorted(by_name, key=lambda row: _rank(row[1]))


def _rank(note: Note) -> tuple[int, float, str]:
    """Python 2 put None before numbers, and numbers before texts."""
    if note is None:
        return 0, 0, ""
    if isinstance(note, str):
        return 2, 0, note
    return 1, note, ""


def pairs(
    names: Sequence[str], weights: Sequence[int]
) -> list[tuple[str | None, int | None]]:
    return list(zip_longest(names, weights))


def digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")


def summary(readings: Iterable[Reading]) -> str:
    """A line for each scale: number, average and newest weight."""
    groups: dict[str, list[Reading]] = {}
    for reading in readings:
        groups.setdefault(reading.scale, []).append(reading)
    lines = []
    for scale, group in sorted(groups.items()):
        newest = sorted(group)[-1]
        mark = str(newest.grams) if newest else "-"
        lines.append(f"{scale:<6} {len(group):3} {average(group):7} {mark}")
    return "\n".join(lines)


async def collect(
    names: Iterable[str],
    fetch: Callable[[str], Awaitable[bytes]],
    tries: int = 3,
    delay: float = 0.5,
    limit: int = 4,
) -> Collected:
    """Fetches the data of several scales; says which of them gave none."""
    places = asyncio.Semaphore(limit)

    async def fetched(name: str) -> bytes | None:
        for attempt in range(1, tries + 1):
            try:
                async with places:
                    return await fetch(name)
            except OSError as error:
                if attempt == tries:
                    print(f"{name}: {error}", file=sys.stderr)
                else:
                    await asyncio.sleep(delay * attempt)
        return None

    order = list(names)
    found = await asyncio.gather(*(fetched(name) for name in order))
    data = dict(zip(order, found, strict=True))
    return Collected(
        {name: feed for name, feed in data.items() if feed is not None},
        [name for name, feed in data.items() if feed is None],
    )


async def watch(
    lines: AsyncIterable[bytes], handle: Callable[[Reading], Awaitable[None]]
) -> tuple[int, int]:
    """Hands each good reading to handle; counts good and bad lines."""
    good = bad = 0
    async for line in lines:
        try:
            reading = parse(line)
        except FeedError:
            bad += 1
            continue
        await handle(reading)
        good += 1
    return good, bad


def main(argv: list[str]) -> int:
    feed = Feed(Path(argv[1]).read_bytes().splitlines())
    readings = list(feed)
    kilograms = sum(kilos(reading.grams) for reading in readings)
    text = f"{summary(readings)}\n{feed.bad} bad, {kilograms:.1f} kg\n"
    sys.stdout.buffer.write(text.encode("latin-1"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
