#!/usr/bin/env python3.11
"""Reads what the scales of a warehouse send, and reports on it."""

import asyncio
import re
import string
import sys
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import zip_longest
from typing import TextIO, overload

Note = int | float | str | None

_MASK = 0o377
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_NUMBER = re.compile(rb"([+-]?)([0-9]+)")
_SMALLEST_INT, _LARGEST_INT = -(2**63), 2**63 - 1  # of Python 2; all others were long there
_CHUNK = 4000  # digits that `int` and `str` take at once, whatever their length


class FeedError(Exception):
    """A line that is not as it should be."""


@dataclass(eq=False)
class Reading:
    """What a scale has weighed, and when. Ordered, and equal, by time and scale; true if it weighs something."""

    scale: str
    grams: int
    stamp: int = 0

    def __lt__(self, other: "Reading") -> bool:
        return self._key() < other._key()

    def __le__(self, other: "Reading") -> bool:
        return self._key() <= other._key()

    def __gt__(self, other: "Reading") -> bool:
        return self._key() > other._key()

    def __ge__(self, other: "Reading") -> bool:
        return self._key() >= other._key()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reading):
            return NotImplemented
        return self._key() == other._key()

    def __bool__(self) -> bool:
        return self.grams != 0

    def _key(self) -> tuple[int, str]:
        return self.stamp, self.scale


@dataclass
class Collected:
    """The data by name, and the names that gave none."""

    feeds: dict[str, bytes]
    problems: list[str]


class Registry:
    """Names of products by code; a code may be given in capitals or not."""

    def __init__(self, products: Mapping[str, str]) -> None:
        self.products: dict[str, str] = {}
        for code, name in products.items():
            self.add(code, name)

    def add(self, code: str, name: str) -> None:
        self.products[_capitals(code)] = name

    def has_key(self, code: str) -> bool:
        return _capitals(code) in self.products

    def __getitem__(self, code: str) -> str:
        return self.products[_capitals(code)]

    def codes(self) -> list[str]:
        return sorted(self.products)

    def drop(self, words: Sequence[str]) -> list[str]:
        """Removes the products whose name contains one of the words."""
        dropped = []
        for code, name in list(self.products.items()):
            if [word for word in words if word in name]:
                dropped.append(code)
                del self.products[code]
        dropped.sort()
        return dropped


def checksum(data: bytes) -> int:
    total = 0
    for byte in data:
        total = (total * 31 + byte) & _MASK
    return total


def parse(line: bytes) -> Reading:
    """A line such as b'A7 +1250 1300000000*85' as a Reading."""
    if line.count(b"*") != 1:
        raise FeedError("no checksum")
    body, check = line.rstrip(b"\r\n").split(b"*")
    if b"%02x" % checksum(body) != check:
        raise FeedError("wrong checksum")
    fields = body.split()  # of bytes: at white space of ASCII only
    try:
        if len(fields) < 3:
            raise ValueError(f"need more than {len(fields)} value{'s' * (len(fields) != 1)} to unpack")
        if len(fields) > 3:
            raise ValueError("too many values to unpack")
        scale, grams, stamp = fields
        return Reading(scale.decode("latin-1"), _integer(grams), _integer(stamp))
    except ValueError as error:
        raise FeedError(f"bad fields: {error}") from error


class Feed(Iterator[Reading]):
    """The readings in some lines, one by one; bad lines are counted."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.lines = iter(lines)
        self.bad = 0

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
    return reduce(lambda total, reading: total + reading.grams, readings, 0) // len(readings)


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
    """Rounded to one place; what lies just between two goes away from zero."""
    exact = grams / 1000.0
    quarters = exact * 4  # only odd quarters lie just between two tenths
    if quarters.is_integer() and quarters % 2:
        tenths = (abs(int(quarters)) * 10 + 2) // 4
        return tenths / 10 if exact > 0 else -tenths / 10
    return round(exact, 1)


def histogram(readings: Iterable[Reading], width: int = 500) -> list[tuple[int, int]]:
    """How many readings there are in each class of so many grams."""
    counts: dict[int, int] = {}
    for reading in readings:
        start = reading.grams // width * width
        counts[start] = counts.get(start, 0) + 1
    return sorted(counts.items())


def ranking(rows: Sequence[tuple[str, Note]]) -> list[tuple[str, Note]]:
    """Rows of a name and a note (nothing, a number or a text), by note; the same note: by name, backwards."""
    backwards = sorted(rows, key=lambda row: row[0], reverse=True)
    return sorted(backwards, key=lambda row: _rank(row[1]))


def pairs(names: Sequence[str], weights: Sequence[int]) -> list[tuple[str | None, int | None]]:
    return list(zip_longest(names, weights))


def digits(text: str) -> str:
    return "".join(character for character in text if character in string.digits)


def summary(readings: Iterable[Reading]) -> str:
    """A line for each scale: number, average and newest weight."""
    groups: dict[str, list[Reading]] = {}
    for reading in readings:
        groups.setdefault(reading.scale, []).append(reading)
    lines = []
    for scale, group in sorted(groups.items(), key=lambda item: item[0]):
        group.sort()
        newest = group[-1]
        mark = "-"
        if newest:
            mark = _decimal(newest.grams)
            if not _SMALLEST_INT <= newest.grams <= _LARGEST_INT:
                mark += "L"
        lines.append("%-6s %3d %7s %s" % (scale, len(group), _decimal(average(group)), mark))
    return "\n".join(lines)


async def collect(
    names: Iterable[str],
    fetch: Callable[[str], Awaitable[bytes]],
    tries: int = 3,
    delay: float = 0.5,
    limit: int = 4,
) -> Collected:
    """Fetches the data of several scales; says which of them gave none."""
    order = list(names)
    gate = asyncio.Semaphore(limit)
    feeds: dict[str, bytes] = {}

    async def get(name: str) -> None:
        async with gate:
            for attempt in range(1, tries + 1):
                try:
                    feeds[name] = await fetch(name)
                    return
                except OSError as error:
                    if attempt == tries:
                        _write("stderr", f"{name}: {error}\n")
                    else:
                        await asyncio.sleep(attempt * delay)

    tasks = [asyncio.create_task(get(name)) for name in order]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return Collected(
        {name: feeds[name] for name in order if name in feeds},
        [name for name in order if name not in feeds],
    )


async def watch(lines: AsyncIterable[bytes], handle: Callable[[Reading], Awaitable[None]]) -> tuple[int, int]:
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
    with open(argv[1], "rb") as file:
        data = file.read()
    feed = Feed(data.splitlines())
    readings = list(feed)
    _write("stdout", summary(readings) + "\n")
    _write("stdout", "%d bad, %.1f kg\n" % (feed.bad, sum(kilos(reading.grams) for reading in readings)))
    return 0


def _capitals(text: str) -> str:
    """In capitals, as far as they are letters of ASCII."""
    return text.translate(_UPPER)


def _rank(note: Note) -> tuple[int, int | float, str]:
    """Nothing comes before numbers, and numbers before text."""
    if note is None:
        return 0, 0, ""
    if isinstance(note, str):
        return 2, 0, note
    return 1, note, ""


def _integer(field: bytes) -> int:
    """What `int` made of it in Python 2: digits of ASCII only, no underscores, any length."""
    start = field.split(b"\0")[0]
    found = _NUMBER.fullmatch(start)
    if not found:
        raise ValueError(f"invalid literal for int() with base 10: {repr(start[:200])[1:]}")
    if len(start) < len(field):
        raise ValueError("null byte in argument for int()")
    sign, figures = found.groups()
    value = 0
    for index in range(0, len(figures), _CHUNK):
        chunk = figures[index : index + _CHUNK]
        value = value * 10 ** len(chunk) + int(chunk)
    return -value if sign == b"-" else value


def _decimal(number: int) -> str:
    """`str` for numbers of any length."""
    rest, parts = abs(number), []
    while rest >= 10**_CHUNK:
        rest, part = divmod(rest, 10**_CHUNK)
        parts.append(f"{part:0{_CHUNK}d}")
    parts.append(str(rest))
    return "-" * (number < 0) + "".join(reversed(parts))


def _write(stream: str, text: str) -> None:
    """Bytes in Latin-1 to the real standard output or error, text to what stands in for it."""
    file: TextIO = getattr(sys, stream)
    if file is getattr(sys, f"__{stream}__"):
        file.flush()
        file.buffer.write(text.encode("latin-1", "backslashreplace"))
        file.buffer.flush()
    else:
        file.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
