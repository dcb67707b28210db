"""``collect`` and ``watch``: on a loop whose clock jumps, so that nothing waits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
cases = SimpleNamespace(**run_path(str(HERE / "legacy_cases.py")))

NETWORK = """\
import asyncio
import builtins


def network(ask):
    async def fetch(name):
        seconds, error, data = ask("in", name)
        await asyncio.sleep(seconds)
        ask("out", name)
        if error:
            raise getattr(builtins, error)(data)
        return data.encode()

    return fetch


def feed(ask, lines):
    async def pull():
        for line in lines:
            ask("line")
            yield line

    async def handle(reading):
        ask("begin", reading.grams)
        await asyncio.sleep(2)
        ask("end", reading.grams)

    return [pull(), handle]
"""

Outcome = tuple[float, str, str]
"""Seconds that a fetch takes, the error's class or nothing, data or message."""


class Network:
    """Gives each name its outcomes, and notes when fetches began and ended."""

    def __init__(self, code: Any, script: dict[str, list[Outcome]]) -> None:
        code.virtual_loop()
        self.code, self.script = code, {k: list(v) for k, v in script.items()}
        self.seen: list[tuple[str, str]] = []
        self.running = self.most = 0
        self.fetch = code.call(code.define(NETWORK).network, code.callback(self.ask))

    def ask(self, what: str, name: str) -> Outcome | None:
        self.seen.append((what, name))
        self.running += 1 if what == "in" else -1
        self.most = max(self.most, self.running)
        if what == "out":
            return None
        outcomes = self.script[name]
        assert outcomes, f"{name} is fetched too often"
        return outcomes.pop(0)

    def collect(self, *more: Any, **options: Any) -> tuple[dict[str, bytes], list[str]]:
        call = self.code.call
        found = call(
            "modern_code:collect", list(self.script), self.fetch, *more, **options
        )
        feeds = self.code.attr(found, "feeds")
        problems = self.code.attr(found, "problems")
        assert (type(feeds), type(problems)) == (dict, list)
        return feeds, problems

    def begun(self) -> list[str]:
        return [name for what, name in self.seen if what == "in"]


def good(name: str, seconds: float = 1.0) -> Outcome:
    return seconds, "", f"data of {name}"


def bad(
    error: str = "OSError", seconds: float = 1.0, text: str = "no route"
) -> Outcome:
    return seconds, error, text


def test_both_entry_points_are_coroutine_functions(code: Any) -> None:
    for name in ("collect", "watch"):
        assert code.describe(f"modern_code:{name}")["is_async"] is True


def test_feeds_are_fetched_at_the_same_time(code: Any) -> None:
    network = Network(code, {name: [good(name, 3 - n)] for n, name in enumerate("abc")})
    feeds, problems = network.collect()
    assert same(feeds, {name: f"data of {name}".encode() for name in "abc"})
    assert list(feeds) == ["a", "b", "c"]
    assert problems == []
    assert [what for what, _ in network.seen] == ["in"] * 3 + ["out"] * 3
    assert code.loop_time() == pytest.approx(3)


def test_data_may_be_empty(code: Any) -> None:
    network = Network(code, {"a": [(1.0, "", "")], "b": [bad()] * 3})
    assert same(network.collect(), ({"a": b""}, ["b"]))


@pytest.mark.parametrize(
    ("limit", "seconds"), [(1, 9), (2, 5), (3, 3), (9, 1), (20, 1)]
)
def test_no_more_run_than_the_limit_allows(code: Any, limit: int, seconds: int) -> None:
    network = Network(code, {name: [good(name)] for name in "abcdefghi"})
    feeds, _ = network.collect(limit=limit)
    assert network.most == min(limit, 9)
    assert "".join(feeds) == "abcdefghi"
    assert "".join(network.begun()) == "abcdefghi"
    assert code.loop_time() == pytest.approx(seconds)


def test_the_usual_limit_is_four(code: Any) -> None:
    network = Network(code, {name: [good(name)] for name in "abcdefghi"})
    network.collect()
    assert network.most == 4
    assert code.loop_time() == pytest.approx(3)


def test_a_fetch_that_fails_is_tried_again_later(code: Any) -> None:
    script = {"a": [good("a", 2)], "b": [bad(), bad("TimeoutError"), good("b")]}
    script["c"] = [bad("ConnectionResetError"), bad(), bad("FileNotFoundError")]
    network = Network(code, script)
    feeds, problems = network.collect()
    assert same(feeds, {"a": b"data of a", "b": b"data of b"})
    assert problems == ["c"]
    assert network.begun()[:3] == ["a", "b", "c"]
    assert sorted(network.begun()) == [*"abbbccc"]
    # Three fetches of a second each, 0.5 and 1 second between them.
    assert code.loop_time() == pytest.approx(4.5)
    assert code.output("err") == "c: no route\n"
    assert code.output("out") == ""


def test_tries_and_delay_can_be_given(code: Any) -> None:
    script = {
        "a": [bad("OSError", 0)] * 5,
        "b": [bad("OSError", 0)] * 4 + [good("b", 0)],
    }
    network = Network(code, script)
    feeds, problems = network.collect(5, 2.0)
    assert (list(feeds), problems) == (["b"], ["a"])
    assert code.loop_time() == pytest.approx(2 + 4 + 6 + 8)
    once = Network(code, {"z": [bad(text="no!")], "y": [good("y")], "x": [bad()]})
    assert once.collect(tries=1)[1] == ["z", "x"]
    assert sorted(code.output("err").splitlines()) == [
        "a: no route",
        "x: no route",
        "z: no!",
    ]


def test_who_waits_for_the_next_try_holds_no_place(code: Any) -> None:
    network = Network(code, {"a": [bad(), good("a")], "b": [good("b")]})
    feeds, _ = network.collect(limit=1)
    assert list(feeds) == ["a", "b"]
    assert network.begun() == ["a", "b", "a"]
    assert code.loop_time() == pytest.approx(3)


@pytest.mark.parametrize("error", ["ValueError", "KeyError"])
def test_other_errors_go_to_the_caller_as_they_are(code: Any, error: str) -> None:
    network = Network(code, {"a": [good("a")], "b": [bad(error)], "c": [good("c")]})
    with code.raises(error):
        network.collect()
    assert network.begun() == ["a", "b", "c"]
    assert code.output("err") == ""


def test_nothing_to_fetch_gives_nothing(code: Any) -> None:
    assert Network(code, {}).collect() == ({}, [])
    empty = code.new("modern_code:Collected", {"a": b"x"}, ["b"])
    fields = list(code.attr(empty, "__dataclass_fields__"))
    assert fields == ["feeds", "problems"]


def watched(code: Any, lines: list[bytes], ask: Callable[..., Any]) -> Any:
    code.virtual_loop()
    feed = code.define(NETWORK).feed
    pull, handle = code.call(feed, code.callback(ask, name="ask"), lines)
    return code.call("modern_code:watch", pull, handle)


def test_watch_awaits_each_reading_before_the_next_line(code: Any) -> None:
    lines = [cases.line_of(f"A {n} 0").encode() for n in (7, 0, 9)]
    seen: list[Any] = []
    found = watched(
        code, [lines[0], b"?", lines[1], lines[2], b""], lambda *a: seen.append(a)
    )
    assert same(found, (3, 2))
    of = {n: [("begin", n), ("end", n)] for n in (7, 0, 9)}
    line = [("line",)]
    assert seen == [*line, *of[7], *line, *line, *of[0], *line, *of[9], *line]
    assert code.loop_time() == pytest.approx(6)


def test_watch_of_nothing_counts_nothing(code: Any) -> None:
    assert same(watched(code, [], lambda *a: None), (0, 0))
    assert same(watched(code, [b"x", b""], lambda *a: None), (0, 2))
