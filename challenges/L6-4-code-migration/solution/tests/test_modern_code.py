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


def test_numbers_with_underscores_are_none():
    body = b"A7 1_000 3"
    with pytest.raises(m.FeedError):
        m.parse(body + b"*%02x" % m.checksum(body))


def test_codes_in_capitals_or_not():
    registry = m.Registry({"a1": "nut"})
    assert registry.has_key("a1") and registry.has_key("A1")


def test_errors_and_limit(capsys):
    inside, most, asked = 0, 0, []

    async def fetch(name):
        nonlocal inside, most
        inside, most = inside + 1, max(most, inside + 1)
        asked.append(name)
        await asyncio.sleep(0)
        inside -= 1
        if name == "bad" or (name == "slow" and asked.count("slow") < 3):
            raise TimeoutError("x")
        return name.encode()

    names = ["a", "bad", "slow", "b", "c", "d"]
    found = asyncio.run(m.collect(names, fetch, delay=0))
    assert found.feeds == {name: name.encode() for name in names if name != "bad"}
    assert found.problems == ["bad"]
    assert (most, asked.count("bad")) == (4, 3)
    assert capsys.readouterr().err == "bad: x\n"


def test_watch():
    async def lines():
        for body in (b"A 1 0", b"B 2 0"):
            yield body + b"*%02x" % m.checksum(body)
        yield b"?"

    seen = []

    async def handle(reading):
        seen.append(reading.grams)

    assert asyncio.run(m.watch(lines(), handle)) == (2, 1)
    assert seen == [1, 2]


def test_main(tmp_path, capfdbinary):
    (tmp_path / "x").write_bytes(b"\xe9 250 1*%02x\n?\n" % m.checksum(b"\xe9 250 1"))
    assert m.main(["", str(tmp_path / "x")]) == 0
    expected = b"\xe9        1     250 250\n1 bad, 0.3 kg\n"
    assert capfdbinary.readouterr().out == expected
