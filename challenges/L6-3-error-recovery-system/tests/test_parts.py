"""The files, the errors, the log and the retry policy, each by itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

m = SimpleNamespace(**run_path(str(Path(__file__).with_name("recovery_model.py"))))

LOG = "log.jsonl"
SOURCE = "error_handler.py"

BAD_BODIES = {
    "no lines": b"",
    "no first line": b"apples 1\n",
    "only a newline": b"\n",
    "another first word": b"count 0\n",
    "a capital in the first word": b"Counts 0\n",
    "no number": b"counts \n",
    "a number too small": b"counts 0\na 1\n",
    "a number too large": b"counts 2\na 1\n",
    "a negative number": b"counts -1\n",
    "a leading zero": b"counts 01\na 1\n",
    "no ASCII digit": "counts \u0661\na 1\n".encode(),
    "a plus sign before the number": b"counts +1\na 1\n",
    "two zeros": b"counts 00\n",
    "a number of 5000 digits": b"counts 1" + b"0" * 5000 + b"\n",
    "a space at the end": b"counts 1\na 1 \n",
    "a space at the start": b"counts 1\n a 1\n",
    "two spaces": b"counts 1\na  1\n",
    "a tab": b"counts 1\na\t1\n",
    "an empty line": b"counts 1\n\na 1\n",
    "an empty line that is counted": b"counts 2\n\na 1\n",
    "a carriage return": b"counts 1\na 1\r\n",
    "lines that end with a carriage return": b"counts 1\ra 1\n",
    "no key": b"counts 1\n1\n",
    "an empty key": b"counts 1\n 1\n",
    "a capital in a key": b"counts 1\naB 1\n",
    "a digit in a key": b"counts 1\na1 1\n",
    "another script's key": "counts 1\né 1\n".encode(),
    "no value": b"counts 1\na\n",
    "two values": b"counts 1\na 1 2\n",
    "a plus sign": b"counts 1\na +1\n",
    "a minus sign only": b"counts 1\na -\n",
    "minus zero": b"counts 1\na -0\n",
    "a value with a leading zero": b"counts 1\na 07\n",
    "a negative value with a leading zero": b"counts 1\na -07\n",
    "an underscore": b"counts 1\na 1_0\n",
    "a point": b"counts 1\na 1.0\n",
    "another script's digit": "counts 1\na \u0661\n".encode(),
    "another script's digit after an ASCII one": "counts 1\na 1\u0661\n".encode(),
    "a value of 19 digits": b"counts 1\na 1" + b"0" * 18 + b"\n",
    "a value of 5000 digits": b"counts 1\na 1" + b"0" * 5000 + b"\n",
    "not UTF-8": b"counts 1\na\xff 1\n",
    "a zero byte": b"counts 1\na\x00 1\n",
    "an end inside": b"counts 1\na 1\ncrc 00000000\n",
}


def refused(code: Any, data: bytes) -> bool:
    try:
        code.call("processor:parse", data)
    except CodeError as error:
        return (error.module, error.type) == ("error_handler", "CorruptData")
    return False


def test_good_files_are_summed(code: Any, rng: Random) -> None:
    for _ in range(60):
        rows = m.random_rows(rng)
        assert same(code.call("processor:parse", m.file_of(rows)), m.sums(rows)), rows


def test_the_largest_numbers_and_sums_of_zero_are_good(code: Any) -> None:
    top = 10**18 - 1
    rows = [("a", top), ("a", top), ("b", -top), ("c", 5), ("c", -5), ("d", 0)]
    expected = {"a": 2 * top, "b": -top, "c": 0, "d": 0}
    assert same(code.call("processor:parse", m.file_of(rows)), expected)
    assert same(code.call("processor:parse", m.file_of([])), {})
    many = [("k", 1)] * 1234
    assert same(code.call("processor:parse", m.file_of(many)), {"k": 1234})


def test_files_of_another_form_are_corrupt(code: Any) -> None:
    for what, body in BAD_BODIES.items():
        assert refused(code, m.sealed(body)), what


def test_files_with_another_end_are_corrupt(code: Any) -> None:
    good = m.file_of([("a", 1), ("b", 22)])
    # A checksum that begins with 0, and has letters.
    body = next(
        body
        for body in (b"counts 1\na %d\n" % n for n in range(1, 9999))
        if m.sealed(body)[-9:-8] == b"0"
        and m.sealed(body)[-8:-1].upper() != m.sealed(body)[-8:-1]
    )
    early, checksum = m.sealed(body), m.sealed(body)[-9:-1]
    assert code.call("processor:parse", early)
    ends = {
        "capitals": early.replace(checksum, checksum.upper()),
        "a digit less": early.replace(checksum, checksum[1:]),
        "a digit more": early.replace(b"crc ", b"crc 0"),
        "a prefix": early.replace(b"crc ", b"crc 0x"),
        "a sign": early.replace(b"crc 0", b"crc +"),
        "another word": early.replace(b"crc", b"CRC"),
        "more behind": good + b"a 1\n",
        "an empty line behind": good + b"\n",
        "itself behind": good + good,
        "no end": body,
        "something before": b"\n" + good,
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "other line ends": good.replace(b"\n", b"\r\n"),
    }
    for what, data in ends.items():
        assert refused(code, data), what


def test_any_damage_makes_a_file_corrupt(code: Any, rng: Random) -> None:
    good = m.file_of([*m.random_rows(rng), ("pears", 120)])
    for _ in range(40):
        place = rng.randrange(len(good))
        other = bytes([good[place] ^ rng.choice((1, 2, 4, 32, 128))])
        assert refused(code, good[:place] + other + good[place + 1 :]), place
        assert refused(code, good[:place]), place
    assert refused(code, b"")


def test_errors_are_told_apart_by_class(code: Any) -> None:
    own = code.define(
        "class Slow(TimeoutError): pass\nclass Lost(ConnectionError): pass"
    )
    errors = code.define("from builtins import *")

    def kind(name: str) -> Any:
        return code.call("error_handler:kind_of", code.new(getattr(errors, name), "x"))

    assert kind("TimeoutError") == "timeout"
    assert [kind(error.__name__) for error in m.LOST] == ["connection"] * len(m.LOST)
    assert [kind(error.__name__) for error in m.FATAL] == ["fatal"] * len(m.FATAL)
    assert kind("KeyboardInterrupt") == "fatal"
    corrupt = code.new("error_handler:CorruptData", "x")
    assert code.call("error_handler:kind_of", corrupt) == "corrupt"
    mine = [code.new(own.Slow, "x"), code.new(own.Lost, "x")]
    kinds = [code.call("error_handler:kind_of", error) for error in mine]
    assert kinds == ["timeout", "connection"]


def test_delays_double_up_to_the_cap(code: Any, rng: Random) -> None:
    for _ in range(12):
        base = rng.choice((0.25, 1, 3, 10.5))
        cap = base * rng.choice((1, 1.5, 2, 7, 64, 1000))
        policy = code.new("error_handler:RetryPolicy", 3, base, cap)
        expected = [min(cap, base * 2**n) for n in range(14)]
        assert [policy.delay(n + 1) for n in range(14)] == expected


def test_delays_have_no_end(code: Any) -> None:
    policy = code.new("error_handler:RetryPolicy", 10**7, 1e-3, 60.0)
    for failures in (1100, 20_000, 5_000_000):
        assert policy.delay(failures) == 60.0


def test_the_policy_has_defaults_and_is_frozen(code: Any) -> None:
    policy = code.new("error_handler:RetryPolicy")
    names = ("attempts", "base", "cap")
    assert [code.attr(policy, name) for name in names] == [4, 0.5, 8.0]
    assert list(code.attr(policy, "__dataclass_fields__")) == [*names]
    assert [policy.delay(n) for n in range(1, 7)] == [0.5, 1, 2, 4, 8, 8]
    with code.raises("AttributeError"):
        code.set_attr(policy, "attempts", 5)


def test_a_policy_without_sense_is_refused(code: Any) -> None:
    bad = [(0, 1, 8), (-3, 1, 8), (4, 0, 8), (4, -1, 8), (4, 0, 0), (4, 1, 0.99)]
    for fields in bad:
        with code.raises("ValueError"):
            code.call("error_handler:RetryPolicy", *fields)


def test_a_policy_at_the_edge_is_good(code: Any) -> None:
    policy = code.new("error_handler:RetryPolicy", attempts=1, base=0.01, cap=0.01)
    assert [policy.delay(1), policy.delay(2)] == [0.01, 0.01]


def test_a_record_is_a_line_with_six_keys(code: Any, shell: Any) -> None:
    times = iter((12.5, 13.0, 14.0))
    log = code.new("error_handler:ErrorLog", LOG, code.callback(lambda: next(times)))
    assert log.entries() == []
    errors = code.define("from builtins import *")
    message = 'one\ntwo\r "\\" \u2028\x85 Zo\u00eb \U0001f600 \udcff'
    log.record("a.txt", 1, code.new(errors.ConnectionResetError, message))
    log.record("b", 12, code.new("error_handler:CorruptData", ""))
    own = code.define("class A:\n class Inner(KeyError): pass\nInner = A.Inner")
    log.record("a.txt", 2, code.new(own.Inner, "k"))
    entries = [
        (12.5, "a.txt", 1, "connection", "ConnectionResetError", message),
        (13.0, "b", 12, "corrupt", "CorruptData", ""),
        (14.0, "a.txt", 2, "fatal", "Inner", "'k'"),
    ]
    keys = ("at", "name", "attempt", "kind", "type", "message")
    expected = [dict(zip(keys, entry, strict=True)) for entry in entries]
    data = bytes(shell.read(LOG))
    assert data.endswith(b"\n")
    found = [dict(sorted(entry.items())) for entry in m.entries_of(data)]
    assert same(found, [dict(sorted(entry.items())) for entry in expected])
    assert log.entries() == expected


def test_records_are_added_to_what_is_there(code: Any, shell: Any) -> None:
    clock = code.clock(5.0)
    error = code.new("error_handler:CorruptData", "bad")
    code.new("error_handler:ErrorLog", LOG, clock).record("a", 1, error)
    before = bytes(shell.read(LOG))
    log = code.spawn()
    other = log.new("error_handler:ErrorLog", LOG, log.clock(6.0))
    other.record("b", 2, log.new("error_handler:CorruptData", "bad"))
    data = bytes(shell.read(LOG))
    assert data.startswith(before)
    assert [entry["name"] for entry in m.entries_of(data)] == ["a", "b"]
    assert [entry["name"] for entry in other.entries()] == ["a", "b"]


@pytest.mark.parametrize("torn", [b'{"at": 1.0, "na', b"{", b'{"message": "Zo\xc3'])
def test_a_torn_line_stays_alone(code: Any, shell: Any, torn: bytes) -> None:
    shell.write(LOG, torn)
    log = code.new("error_handler:ErrorLog", LOG, code.clock())
    log.record("a", 1, code.new("error_handler:CorruptData", "x"))
    assert bytes(shell.read(LOG)).startswith(torn + b"\n")
    assert [entry["name"] for entry in log.entries()] == ["a"]
    whole = b'{"name": "first"}\n'
    shell.write(LOG, whole + torn)
    log = code.new("error_handler:ErrorLog", LOG, code.clock())
    assert log.entries() == [{"name": "first"}]
    log.record("later", 3, code.new("error_handler:CorruptData", "x"))
    log.record("last", 4, code.new("error_handler:CorruptData", "x"))
    lines = bytes(shell.read(LOG)).split(b"\n")
    assert lines[:2] == [whole[:-1], torn]
    assert [b'"later"' in line for line in lines[2:]] == [True, False, False]
    assert [entry["name"] for entry in log.entries()] == ["first", "later", "last"]


def test_the_log_only_grows(code: Any, shell: Any) -> None:
    log = code.new("error_handler:ErrorLog", LOG, code.clock())
    error = code.new("error_handler:CorruptData", "x")
    log.record("first", 1, error)
    before = bytes(shell.read(LOG))
    looks = 0

    def take(seen: list[bytes]) -> None:
        seen.append(bytes(shell.read(LOG)))

    for at in range(1, 2000):
        seen: list[bytes] = []
        look = code.callback(partial(take, seen), name="look")
        code.traced(log, ("record", "more", at, error), SOURCE, at, look)
        assert all(data.startswith(before) for data in seen), f"at opcode {at}"
        before = bytes(shell.read(LOG))
        if not seen:
            break
        looks += 1
    assert looks >= 3, "record was not seen to run"
