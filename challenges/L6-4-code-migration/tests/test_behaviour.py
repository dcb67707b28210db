"""What the new module gives is what the old one gave under Python 2.7.

``recorded.json`` was recorded with Python 2.7.18; random calls are compared with
``reference/``, which gives the same for every call that was recorded.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
cases = SimpleNamespace(**run_path(str(HERE / "legacy_cases.py")))
model = SimpleNamespace(**run_path(str(HERE / "reference" / "modern_code.py")))
RECORDED = json.loads((HERE / "recorded.json").read_text(encoding="utf-8"))

COMPARE = """\
def compare(a, b):
    return [a < b, a <= b, a == b, a != b, a >= b, a > b, bool(a)]
"""
RANDOM_CALLS = 25


def ask_model() -> Any:
    """Makes a call of the model."""

    def call(target: str, *arguments: Any) -> Any:
        return getattr(model, target.partition(":")[2])(*arguments)

    names: dict[str, Any] = {}
    exec(COMPARE, names)
    more = {"attr": getattr, "iterate": iter, "error": Exception}
    return cases.Ask(call=call, new=call, compare=names["compare"], **more)


def ask_code(code: Any) -> Any:
    """Makes a call of the submission."""
    probe = code.define(COMPARE)
    more = {"attr": code.attr, "iterate": code.iterate, "error": CodeError}
    compare = probe.compare
    return cases.Ask(call=code.call, new=code.new, compare=compare, **more)


def check(code: Any, rng: Random, *names: str) -> None:
    """Recorded and random calls of these names."""
    ask, right = ask_code(code), ask_model()
    for case, expected in RECORDED:
        if case[0] in names:
            assert same(ask(case), expected), case
    for name in names:
        for case in cases.random_cases(rng, name, RANDOM_CALLS):
            assert same(ask(case), right(case)), case


def readings_of(code: Any, *fields: tuple[Any, ...]) -> list[Any]:
    return [code.new("modern_code:Reading", *one) for one in fields]


def test_the_model_gives_what_was_recorded() -> None:
    right = ask_model()
    for case, expected in RECORDED:
        assert same(right(case), expected), case


def test_checksums_are_the_same(code: Any, rng: Random) -> None:
    check(code, rng, "checksum")


def test_lines_are_parsed_as_before(code: Any, rng: Random) -> None:
    check(code, rng, "parse", "parse", "parse", "feed")


def test_whole_numbers_are_divided_as_before(code: Any, rng: Random) -> None:
    check(code, rng, "average", "per_unit", "histogram")


def test_halves_are_rounded_as_before(code: Any, rng: Random) -> None:
    check(code, rng, "kilos")


def test_readings_compare_as_before(code: Any, rng: Random) -> None:
    check(code, rng, "compare")


def test_notes_of_all_kinds_are_put_in_order_as_before(code: Any, rng: Random) -> None:
    check(code, rng, "ranking")


def test_pairs_and_digits_are_as_before(code: Any, rng: Random) -> None:
    check(code, rng, "pairs", "digits")


def test_summaries_are_the_same(code: Any, rng: Random) -> None:
    check(code, rng, "summary")


def test_registries_answer_as_before(code: Any, rng: Random) -> None:
    check(code, rng, "registry")


def test_a_feed_reads_one_line_at_a_time(code: Any) -> None:
    good = [cases.line_of(f"A{n} {n} 0").encode() for n in range(4)]
    lines = code.stream([good[0], b"?", good[1], good[2], b"", good[3]])
    feed = code.new("modern_code:Feed", lines)
    assert (lines.pulled, code.attr(feed, "bad")) == (0, 0)
    seen = []
    for reading in code.iterate(feed):
        seen.append((code.attr(reading, "grams"), lines.pulled, code.attr(feed, "bad")))
    assert seen == [(0, 1, 0), (1, 3, 1), (2, 4, 1), (3, 6, 2)]
    assert list(code.iterate(feed)) == []


def test_a_feed_is_its_own_iterator(code: Any) -> None:
    probe = code.define("def own(feed): return iter(feed) is feed")
    assert code.call(probe.own, code.new("modern_code:Feed", [])) is True


def test_rows_stay_as_they_are(code: Any) -> None:
    rows = [("a", 2), ("b", None), ("c", "x")]
    made = code.make(rows)
    found = code.call("modern_code:ranking", made)
    assert same(found, [("b", None), ("a", 2), ("c", "x")])
    assert code.plain(made) == rows
    assert same(code.call("modern_code:pairs", ["a"], [1, 2]), [("a", 1), (None, 2)])
    assert same(code.call("modern_code:histogram", []), [])


def test_readings_are_dataclasses_that_can_be_changed(code: Any) -> None:
    one, other = readings_of(code, ("A7", 5), ("B", 0, 3))
    fields = ["scale", "grams", "stamp"]
    assert list(code.attr(one, "__dataclass_fields__"))[:3] == fields
    assert [code.attr(one, name) for name in fields] == ["A7", 5, 0]
    compare = code.define(COMPARE).compare
    assert compare(one, other)[0] is True
    code.set_attr(one, "stamp", 4)
    code.set_attr(one, "grams", 0)
    assert compare(one, other) == [False, False, False, True, True, True, False]
    code.set_attr(other, "stamp", 4)
    code.set_attr(other, "scale", "A7")
    assert compare(one, other)[2] is True


def test_errors_keep_their_kind(code: Any) -> None:
    with code.raises("KeyError"):
        code.new("modern_code:Registry", {"a": "b"})["c"]
    with pytest.raises(CodeError) as caught:
        code.call("modern_code:parse", b"?")
    assert (caught.value.type, caught.value.module) == ("FeedError", "modern_code")


def test_registries_do_not_touch_the_products(code: Any) -> None:
    products = code.make({"a": "nut"})
    registry = code.new("modern_code:Registry", products)
    registry.add("b", "bolt")
    assert registry.drop(["u"]) == ["A"]
    assert registry.codes() == ["B"]
    assert code.plain(products) == {"a": "nut"}


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
def test_the_command_prints_the_same_bytes(
    shell: Any, rng: Random, ends: bytes
) -> None:
    lines = [cases.random_line(rng).rstrip("\r\n") for _ in range(40)]
    lines += [
        cases.line_of("\xe9t\xe9 250 1"),
        cases.line_of("\xb2 -7 0"),
        "\x85\x1c\x0b",
    ]
    data = [line.encode("latin-1") for line in lines]
    whole = ends.join(data) + ends
    shell.write("some.txt", whole)
    result = shell.run(["python", "modern_code.py", "some.txt"])
    feed = model.Feed(whole.splitlines())
    readings = list(feed)
    weight = sum(model.kilos(reading.grams) for reading in readings)
    expected = f"{model.summary(readings)}\n{feed.bad} bad, {weight:.1f} kg\n"
    assert (result.status, bytes(result.err)) == (0, b"")
    assert bytes(result.out) == expected.encode("latin-1")
