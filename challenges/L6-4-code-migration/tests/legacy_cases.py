"""Calls of the old module: random ones, and how they are made of the new one.

A case is ``[name, *arguments]`` of JSON's own types. A text that stands for bytes has
one character a byte (Latin-1); a reading is ``[scale, grams, stamp]``.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

Case = list[Any]

SCALES = ["A7", "a7", "B", "x-9", "\xe9t\xe9", "\xb2", "s\x85", "\xa0"]
NUMBERS = ["+1250", "-5", "0", "-0", "007", "250", "99999999999999", "3"]
NO_NUMBERS = [
    "1_000",
    "12L",
    "1.5",
    "--5",
    "+",
    "0x1f",
    "\xb2",
    "\x1c5",
    "5\xa0",
    "five",
]
SPACES = [" ", " ", " ", "  ", "\t", "\x0b", "\x0c "]
NO_SPACES = ["\xa0", "\x85", "\x1c", "_"]
NAMES = ["nut", "Nut", "bolt", "\xe9crou", "nut and bolt", "", "N\xdcSSE"]


def check_of(body: str) -> str:
    total = 0
    for character in body:
        total = (total * 31 + ord(character)) % 256
    return f"{total:02x}"


def line_of(body: str) -> str:
    return f"{body}*{check_of(body)}"


def random_line(rng: Random) -> str:
    """Every second one is good."""
    fields = [rng.choice(SCALES), rng.choice(NUMBERS), rng.choice(["0", "1300000000"])]
    spaces = [rng.choice(SPACES) for _ in range(4)]
    check, end = "", rng.choice(["", "\n", "\r\n", "\r", "\r\n\n"])
    damage = rng.randrange(12)
    if damage == 0:
        fields[rng.choice((1, 2))] = rng.choice(NO_NUMBERS)
    elif damage == 1:
        spaces[rng.choice((1, 2))] = rng.choice(NO_SPACES)
    elif damage == 2:
        fields.insert(rng.randrange(4), "9")
    elif damage == 3:
        fields.pop()
    elif damage == 4:
        end = rng.choice([" ", "*", "\n ", "\x1c", "\x85"])
    body = (spaces[0] if rng.random() < 0.1 else "") + fields[0]
    for space, one in zip([*spaces[1:], " "], fields[1:], strict=False):
        body += space + one
    if damage == 5:
        check = rng.choice(["00", "", check_of(body).upper() + " ", check_of(body)[:1]])
    return f"{body}*{check or check_of(body)}{end}"


def random_reading(rng: Random) -> list[Any]:
    grams = rng.choice([0, 1, -1, 499, 500, rng.randrange(-5000, 100_000)])
    return [rng.choice(SCALES[:4]), grams, rng.choice([0, 1, 2, 1300000000])]


def random_readings(rng: Random) -> list[Any]:
    return [random_reading(rng) for _ in range(rng.choice([0, 1, 2, 5, 12]))]


def random_rows(rng: Random) -> list[Any]:
    notes = [None, 0, -3, 2, 2.5, -0.5, 10**6, "", "2", "x", "X", "\xe9", "nut"]
    return [[rng.choice(SCALES), rng.choice(notes)] for _ in range(rng.randrange(12))]


def random_registry(rng: Random) -> list[Any]:
    codes = rng.sample(["a1", "B2", "c\xe93", "\xc94", "ss", "\xdf", "z"], 5)
    asked = [*codes, "A1", "b2", "C\xe93", "C\xc93", "\xe94", "SS", "\xdf", "?"]
    steps = []
    for _ in range(14):
        verb = rng.choice(["has_key", "has_key", "get", "get", "add", "codes", "drop"])
        step = [verb] if verb == "codes" else [verb, rng.choice(asked)]
        if verb == "add":
            step.append(rng.choice(NAMES))
        if verb == "drop":
            step = [verb, rng.sample(["nut", "bolt", "\xe9", "N\xdc", "q"], 2)]
        steps.append(step)
    steps += [["codes"], ["drop", []], ["drop", [""]], ["codes"]]
    return [{code: rng.choice(NAMES) for code in codes}, steps]


def _weights(rng: Random) -> list[int]:
    return [rng.randrange(9) for _ in range(rng.randrange(4))]


MAKERS: dict[str, Callable[[Random], list[Any]]] = {
    "checksum": lambda rng: ["".join(map(chr, rng.choices(range(256), k=9)))],
    "parse": lambda rng: [random_line(rng)],
    "feed": lambda rng: [[random_line(rng) for _ in range(rng.randrange(9))]],
    "compare": lambda rng: [random_reading(rng), random_reading(rng)],
    "average": lambda rng: [random_readings(rng)],
    "per_unit": lambda rng: [
        rng.choice([7, -7, 8.0, -7.0, 0, rng.randrange(-99, 99)]),
        rng.choice([2, -2, 2.0, 3, 0.5, rng.randrange(1, 9)]),
    ],
    "kilos": lambda rng: [
        rng.choice([50 * rng.randrange(-99, 99), rng.randrange(10**7)])
    ],
    "histogram": lambda rng: [random_readings(rng), rng.choice([1, 7, 500])],
    "ranking": lambda rng: [random_rows(rng)],
    "pairs": lambda rng: [SCALES[: rng.randrange(4)], _weights(rng)],
    "digits": lambda rng: ["".join(rng.choices("0189ab \xb2\xb3\xb9\xbc-.", k=9))],
    "summary": lambda rng: [random_readings(rng)],
    "registry": random_registry,
}
"""Name → arguments of a random case."""


def random_cases(rng: Random, name: str, number: int) -> list[Case]:
    return [[name, *MAKERS[name](rng)] for _ in range(number)]


class Ask:
    """Makes the calls of cases; gives JSON's own types, errors as ``{"raises": …}``.

    ``call``, ``new``, ``attr`` and ``iterate`` are those of ``code``, or do the same in
    the judge; ``compare`` gives ``[<, <=, ==, !=, >=, >, truth]`` of two readings;
    ``error`` is what a failed call raises.
    """

    def __init__(self, *, call: Any, new: Any, attr: Any, **more: Any) -> None:
        self.call, self.new, self.attr = call, new, attr
        self.iterate, self.compare = more["iterate"], more["compare"]
        self.error = more["error"]

    def __call__(self, case: Case) -> Any:
        name, *arguments = case
        try:
            return plain(getattr(self, f"do_{name}", self.other)(name, *arguments))
        except self.error as error:
            return {"raises": getattr(error, "type", type(error).__name__)}

    def other(self, name: str, *arguments: Any) -> Any:
        return self.call(f"modern_code:{name}", *arguments)

    def reading(self, fields: list[Any]) -> Any:
        return self.new("modern_code:Reading", *fields)

    def fields(self, reading: Any) -> list[Any]:
        return [self.attr(reading, name) for name in ("scale", "grams", "stamp")]

    def do_checksum(self, name: str, data: str) -> Any:
        return self.other(name, data.encode("latin-1"))

    def do_parse(self, name: str, line: str) -> Any:
        return self.fields(self.other(name, line.encode("latin-1")))

    def do_feed(self, name: str, lines: list[str]) -> Any:
        data = [line.encode("latin-1") for line in lines]
        feed = self.new("modern_code:Feed", data)
        found = [self.fields(reading) for reading in self.iterate(feed)]
        return [found, self.attr(feed, "bad")]

    def do_compare(self, name: str, one: list[Any], other: list[Any]) -> Any:
        return self.compare(self.reading(one), self.reading(other))

    def _of_readings(self, name: str, readings: list[Any], *more: Any) -> Any:
        return self.other(name, [self.reading(fields) for fields in readings], *more)

    do_average = do_histogram = do_summary = _of_readings

    def do_ranking(self, name: str, rows: list[Any]) -> Any:
        return self.other(name, [tuple(row) for row in rows])

    def do_registry(self, name: str, products: dict[str, str], steps: Any) -> Any:
        registry = self.new("modern_code:Registry", products)
        answers = []
        for verb, *arguments in steps:
            try:
                if verb == "get":
                    answers.append(registry[arguments[0]])
                else:
                    answers.append(getattr(registry, verb)(*arguments))
            except self.error as error:
                answers.append(getattr(error, "type", type(error).__name__))
        return answers


def plain(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if type(value) in (list, tuple):
        return [plain(item) for item in value]
    return value
