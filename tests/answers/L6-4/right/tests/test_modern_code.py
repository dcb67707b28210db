import asyncio
import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent
sys.path.append(str(HERE))

from modern_code import (  # noqa: E402
    Collected,
    Feed,
    FeedError,
    Reading,
    Registry,
    average,
    checksum,
    collect,
    digits,
    histogram,
    kilos,
    main,
    pairs,
    parse,
    per_unit,
    ranking,
    summary,
    watch,
)


def line(body):
    return body + b"*%02x" % checksum(body)


def fields(reading):
    return [reading.scale, reading.grams, reading.stamp]


# The recorded calls


def registry(products, steps):
    found = Registry(products)
    methods = {"get": found.__getitem__}
    results = []
    for name, *arguments in steps:
        try:
            results.append(methods.get(name, getattr(found, name, None))(*arguments))
        except KeyError:
            results.append("KeyError")
    return results


def compare(first, second):
    a, b = Reading(*first), Reading(*second)
    return [a < b, a <= b, a == b, a != b, a >= b, a > b, bool(a)]


def feed(lines):
    found = Feed(text.encode("latin-1") for text in lines)
    return [[fields(reading) for reading in found], found.bad]


def many(call):
    return lambda readings, *rest: call([Reading(*reading) for reading in readings], *rest)


CALLS = {
    "checksum": lambda text: checksum(text.encode("latin-1")),
    "parse": lambda text: fields(parse(text.encode("latin-1"))),
    "feed": feed,
    "compare": compare,
    "average": many(average),
    "per_unit": per_unit,
    "kilos": kilos,
    "histogram": many(histogram),
    "ranking": lambda rows: ranking([(name, note) for name, note in rows]),
    "pairs": pairs,
    "digits": digits,
    "summary": many(summary),
    "registry": registry,
}


def plain(value):
    """As JSON has it, but with the types of numbers."""
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return (type(value).__name__, value)


@pytest.mark.parametrize("call, result", json.loads((HERE / "recorded.json").read_text("utf-8")))
def test_recorded(call, result):
    name, *arguments = call
    if isinstance(result, dict):
        assert result == {"raises": "FeedError"}
        with pytest.raises(FeedError):
            CALLS[name](*arguments)
    else:
        assert plain(CALLS[name](*arguments)) == plain(result)


# What is not recorded


@pytest.mark.parametrize("grams, rounded", [([-3, 0], -2), ([-1, -1, -2], -2), ([3, 4], 3), ([-4], -4)])
def test_average(grams, rounded):
    result = average([Reading("A", each) for each in grams])
    assert result == rounded and type(result) is int


@pytest.mark.parametrize(
    "amount, units, result",
    [(7, 2, 3), (-7, 2, -4), (7.0, 2, 3.5), (7, 2.0, 3.5), (-7.0, 2.0, -3.5), (6.0, 2, 3.0), (6, 2, 3)],
)
def test_per_unit(amount, units, result):
    found = per_unit(amount, units)
    assert found == result and type(found) is type(result)


def test_per_unit_of_nothing():
    with pytest.raises(ZeroDivisionError):
        per_unit(1, 0)


@pytest.mark.parametrize(
    "grams, result",
    [(250, 0.3), (-250, -0.3), (1250, 1.3), (2250, 2.3), (750, 0.8), (350, 0.3), (150, 0.1), (0, 0.0), (1249, 1.2)],
)
def test_kilos(grams, result):
    assert kilos(grams) == result
    assert type(kilos(grams)) is float


def test_parse():
    assert fields(parse(line(b"A7 +1250 1300000000") + b"\r\n")) == ["A7", 1250, 1300000000]
    assert fields(parse(line(b"\t\xe9  -007\x0b 3 "))) == ["\xe9", -7, 3]


@pytest.mark.parametrize(
    "body",
    [b"A7 1_000 0", b"A7 0 1_000", b"A7 1L 0", b"A7 0x1 0", b"A7 1.0 0", b"A7 \xb2 0", b"A7 1", b"A7 1 2 3", b""],
)
def test_parse_bad_fields(body):
    with pytest.raises(FeedError):
        parse(line(body))


def test_white_space_of_ascii_only():
    assert parse(line(b"A\xa07\x85 1 2")).scale == "A\xa07\x85"
    with pytest.raises(FeedError):
        parse(line(b"A7\xa01 2"))


@pytest.mark.parametrize("bad", [b"A7 1 0", b"A7 1 0*F7", b"A7 1 0*f7*", b"A7 1 0*0f7", b"A7 1 0* f7"])
def test_parse_bad_checksum(bad):
    with pytest.raises(FeedError):
        parse(bad)


def test_feed_reads_when_asked():
    asked = []

    def lines():
        for number, text in enumerate([line(b"A 1 0"), b"?", line(b"B 2 0"), b"!"]):
            asked.append(number)
            yield text

    found = Feed(lines())
    assert iter(found) is found
    assert asked == []
    assert next(found).scale == "A" and asked == [0] and found.bad == 0
    assert next(found).scale == "B" and asked == [0, 1, 2] and found.bad == 1
    with pytest.raises(StopIteration):
        next(found)
    assert found.bad == 2


def test_readings_are_equal_whatever_they_weigh():
    a, b = Reading("A7", 5, 1), Reading("A7", 6, 1)
    assert (a == b) is True and (a != b) is False
    assert (a <= b) is True and (a >= b) is True and (a < b) is False and (a > b) is False
    assert a != Reading("A7", 5, 2)
    assert a != Reading("A8", 5, 1)
    assert Reading("A7", 5) == Reading("A7", 5, 0)
    assert Reading("B", 1, 1) < Reading("A", 1, 2)
    assert Reading("A", 9, 2) < Reading("B", 1, 2)


def test_reading_can_be_changed():
    a = Reading("A7", 5, 1)
    assert bool(a) is True
    a.grams = 0
    assert bool(a) is False
    a.scale, a.stamp = "B", 3
    assert fields(a) == ["B", 0, 3]


def test_registry():
    found = Registry({"a1": "nut", "\xe9b": "bolt", "C": "washer"})
    assert found.codes() == ["A1", "C", "\xe9B"]
    for code in ("a1", "A1", "c", "C", "\xe9b", "\xe9B"):
        assert found.has_key(code) is True
    for code in ("a2", "\xc9B", ""):
        assert found.has_key(code) is False
    assert found["c"] == found["C"] == "washer"
    with pytest.raises(KeyError):
        found["\xc9b"]
    found.add("c", "ring")
    assert found["C"] == "ring" and len(found.codes()) == 3
    assert found.drop([]) == []
    assert found.drop(("in", "nu", "x")) == ["A1", "C"]
    assert found.codes() == ["\xe9B"]


def test_histogram():
    readings = [Reading("A", grams) for grams in (7, -1, 10, 3, -10, -11)]
    assert histogram(iter(readings), 10) == [(-20, 1), (-10, 2), (0, 2), (10, 1)]
    assert histogram(readings, width=10)[0] == (-20, 1)
    assert histogram([]) == []


def test_ranking():
    rows = [("a", "10"), ("b", None), ("c", 2), ("d", ""), ("e", -1.5), ("f", 2.0), ("g", None), ("h", "9")]
    before = list(rows)
    names = [name for name, _ in ranking(rows)]
    assert "".join(names) == "gbefcdah"
    assert rows == before


def test_pairs():
    assert pairs(["a", "b", "c"], [1]) == [("a", 1), ("b", None), ("c", None)]
    assert pairs([], [1, 2]) == [(None, 1), (None, 2)]
    assert pairs(["a"], [1]) == [("a", 1)]


def test_summary():
    readings = [Reading("B", 1, 9), Reading("A", 10, 2), Reading("A", -15, 3), Reading("A", 4, 1)]
    assert summary(iter(readings)) == "A        3      -1 -15\nB        1       1 1"
    assert summary([]) == ""


def test_main(tmp_path, capsys):
    path = tmp_path / "data"
    path.write_bytes(line(b"A 250 1") + b"\r\n" + line(b"B -1000 2") + b"\n?\r" + line(b"A 0 3"))
    assert main(["modern_code.py", str(path)]) == 0
    out = "A        2     125 -\nB        1   -1000 -1000\n1 bad, -0.7 kg\n"
    assert capsys.readouterr().out == out


# Async


async def turns(number=50):
    """Lets all others run as far as they can."""
    for _ in range(number):
        await asyncio.sleep(0)


class Fetcher:
    """Fetches fail the given numbers of times; notes what goes on."""

    def __init__(self, fail=(), error=OSError):
        self.fail = dict(fail)
        self.error = error
        self.begun = []
        self.running = self.most = 0

    async def __call__(self, name):
        self.begun.append(name)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await turns()
        finally:
            self.running -= 1
        if self.fail.get(name, 0) > 0:
            self.fail[name] -= 1
            raise self.error("no " + name)
        return name.encode("latin-1")


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_collect_fetches_several_at_once(limit):
    fetch = Fetcher()
    names = ["f", "b", "d", "a", "e"]
    found = asyncio.run(collect(iter(names), fetch, limit=limit))
    assert isinstance(found, Collected)
    assert list(found.feeds.items()) == [(name, name.encode()) for name in names]
    assert found.problems == []
    assert fetch.most == min(limit, 5)
    assert fetch.begun == names


def test_collect_limit_is_4():
    fetch = Fetcher()
    asyncio.run(collect("abcdefg", fetch))
    assert fetch.most == 4


def test_collect_tries_again(capsys):
    fetch = Fetcher({"b": 2, "c": 3, "a": 9}, ConnectionError)
    found = asyncio.run(collect(["d", "c", "b", "a"], fetch, delay=0))
    assert list(found.feeds) == ["d", "b"]
    assert found.problems == ["c", "a"]
    assert sorted(fetch.begun) == list("aaabbbcccd")
    assert sorted(capsys.readouterr().err.splitlines()) == ["a: no a", "c: no c"]


def test_collect_tries_once(capsys):
    found = asyncio.run(collect(["a", "b"], Fetcher({"a": 1}), tries=1, delay=1000))
    assert found.feeds == {"b": b"b"} and found.problems == ["a"]
    assert capsys.readouterr().err == "a: no a\n"


def test_collect_lets_others_fetch_while_one_waits():
    async def run():
        fetch = Fetcher({"a": 1})
        task = asyncio.create_task(collect(["a", "b", "c"], fetch, delay=1000, limit=1))
        await turns(400)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return fetch.begun

    assert asyncio.run(run()) == ["a", "b", "c"]


def test_collect_passes_other_exceptions_on():
    error = ValueError("?")

    async def fetch(name):
        await turns(3)
        if name == "b":
            raise error
        return b""

    with pytest.raises(ValueError) as caught:
        asyncio.run(collect(["a", "b", "c"], fetch, delay=0))
    assert caught.value is error


def test_watch():
    events = []

    async def lines():
        for text in [line(b"A 1 0"), b"?", line(b"B 2 0")]:
            events.append(text)
            yield text

    async def handle(reading):
        await turns(3)
        events.append(reading.scale)

    assert asyncio.run(watch(lines(), handle)) == (2, 1)
    assert events == [line(b"A 1 0"), "A", b"?", line(b"B 2 0"), "B"]


def test_watch_passes_exceptions_of_handle_on():
    async def lines():
        yield line(b"A 1 0")

    async def handle(reading):
        raise FeedError("of handle")

    with pytest.raises(FeedError):
        asyncio.run(watch(lines(), handle))
