"""What the old module did, the new one does."""

import asyncio
import json
from pathlib import Path

import modern_code as m
import pytest

RECORDED = json.loads(
    (Path(__file__).resolve().parents[1] / "recorded.json").read_text(encoding="utf-8")
)


def readings(rows):
    return [m.Reading(*row) for row in rows]


def fields(reading):
    return [reading.scale, reading.grams, reading.stamp]


def plain(value):
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def ask(name, *arguments):
    first = arguments[0]
    if name in ("checksum", "parse"):
        found = getattr(m, name)(first.encode("latin-1"))
        return found if name == "checksum" else fields(found)
    if name == "feed":
        feed = m.Feed(line.encode("latin-1") for line in first)
        return [[fields(reading) for reading in feed], feed.bad]
    if name == "compare":
        a, b = readings(arguments)
        return [a < b, a <= b, a == b, a != b, a >= b, a > b, bool(a)]
    if name in ("average", "histogram", "summary"):
        return plain(getattr(m, name)(readings(first), *arguments[1:]))
    if name == "ranking":
        return plain(m.ranking([tuple(row) for row in first]))
    if name == "registry":
        registry, answers = m.Registry(first), []
        for verb, *more in arguments[1]:
            try:
                method = registry.__getitem__ if verb == "get" else getattr(registry, verb)
                answers.append(method(*more))
            except KeyError:
                answers.append("KeyError")
        return answers
    return plain(getattr(m, name)(*arguments))


@pytest.mark.parametrize(("case", "expected"), RECORDED)
def test_recorded_calls(case, expected):
    if isinstance(expected, dict):
        with pytest.raises(m.FeedError):
            ask(*case)
    else:
        assert repr(ask(*case)) == repr(expected)
