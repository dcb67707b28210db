"""Replies that no honest child sends, from a real child in a real box.

Each is a failed check; the judge lives, and the next verification passes. In the
middle stand values that are nearly right: only exactly right ones pass.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.rules.outcome import Verdict
from tests.security.judging import best_level
from tests.security.judging import challenge
from tests.security.judging import put

_VALUES = """\
import math

VALUES = [1, 0, 1.0, 0.0, -0.0, math.nan, [1], (1,), {1}, frozenset({1}), {"a": 1},
    {1: 1}, {True: 1}, "a", b"a", bytearray(b"a"), None, True, False, 1j, range(3), [],
    {}, set(), [True], [1.0], "1"]
"""
NEARLY = f"""\
import pytest
from pytest_overnight.grading import same
{_VALUES}
def test_nothing_else_is_the_same(code):
    found = code.value("work:VALUES")
    for n, want in enumerate(VALUES):
        assert [k for k, got in enumerate(found) if same(got, want)] == [n]

@pytest.mark.parametrize("want", [0, 1, 6, 0.5, [1], "a", {{"a": 1}}])
def test_what_python_finds_equal_is_not_the_same(code, want):
    found = code.call("work:equal_to", want)
    assert found
    assert not any(same(got, want) for got in found)
"""
HIDDEN = """\
from pytest_overnight.grading import same

def test_total(code):
    assert same(code.call("work:total", [1, 2]), 3)

def test_after(code):
    assert same(code.call("work:fine"), 5)
"""
USES = """\
import pytest

MAKE = {
    "callback": lambda code: code.callback(lambda x, y=0: [x, y], raises=[ValueError]),
    "key": lambda code: code.key(5, code.counter(100), "hash eq lt"),
    "number": lambda code: code.number(5, code.counter(100)),
    "sequence": lambda code: code.sequence([4, 5], code.counter(100)),
    "stream": lambda code: code.stream(iter([4, 5])),
    "clock": lambda code: code.clock(5.0),
    "sleeper": lambda code: code.sleeper(code.clock(5.0)),
}

@pytest.mark.parametrize("use", range(12))
@pytest.mark.parametrize("kind", MAKE)
def test_use(code, kind, use):
    assert code.call("work:use", MAKE[kind](code), use) == "used"
"""

HONEST = "def total(numbers): return sum(numbers)\ndef fine(): return 5\n"
FORGE = """\
import os, sys, time
def frame(body):
    return len(body).to_bytes(4, "little") + body
def total(numbers):
    place = sys._getframe()
    while "nonce" not in place.f_locals: place = place.f_back
    line, nonce = place.f_locals["self"]._fd, place.f_locals["nonce"]
    n = b"%d" % nonce
    data = memoryview({reply})
    while data: data = data[os.write(line, data):]
    os.close(line)
    time.sleep(30)
def fine(): return 5
"""
"""Writes bytes in place of the reply to a question, and then nothing more."""

VALUES = {
    "unknown tag": b'{"$":"z","v":1}',
    "tag without a form": b'{"$":"t"}',
    "tag with too much": b'{"$":"t","v":[],"w":1}',
    "tag that is a number": b'{"$":1,"v":[]}',
    "key twice": b'{"a":1,"a":3}',
    "tag twice": b'{"$":"t","$":"s","v":[3]}',
    "NaN": b"NaN",
    "infinite": b"-Infinity",
    "too large for a float": b"3e999",
    "too long for an int": b"3" * 5000,
    "hex with a prefix": b'{"$":"I","v":"0x3"}',
    "hex of two million digits": b'{"$":"I","v":"%s"}' % (b"f" * 2_000_000),
    "text that ends early": b'"\\ud8',
    "half a surrogate pair": b'"\\ud800"',
    "control character": b'"\x00"',
    "invalid UTF-8": b'"\xff\xfe\xc0"',
    "byte order mark": b"\xef\xbb\xbf3",
    "set with a list": b'{"$":"s","v":[[3]]}',
    "set with doubles": b'{"$":"s","v":[3,3]}',
    "dict with a list for a key": b'{"$":"d","v":[[[3],3]]}',
    "pairs of three": b'{"$":"d","v":[[1,2,3]]}',
    "not base 64": b'{"$":"b","v":"===="}',
    "date that never was": b'{"$":"Y","v":[99999,13,45]}',
    "time zone of a year": b'{"$":"T","v":[2000,1,1,0,0,0,0,0,[365,0,0]]}',
    "nothing over nothing": b'{"$":"F","v":["0","0"]}',
    "range without a step": b'{"$":"R","v":["0","1","0"]}',
    "number that is none": b'{"$":"D","v":"three"}',
    "number of many digits": b'{"$":"D","v":"1E+999999999999999999"}',
    "UUID that is too long": b'{"$":"U","v":"%s"}' % (b"f" * 40),
    "path with a null": b'{"$":"P","v":"a\\u0000b"}',
    "handle of nothing": b'{"$":"r","v":[987654321,"work:Counter"]}',
    "handle with a wrong number": b'{"$":"r","v":[3.0,"int"]}',
    "object of the judge's": b'{"$":"j","v":3}',
}
"""What stands where the value 3 should."""

FRAMES = {
    "nested deeply": (
        'frame(b\'["ret",\' + n + b"," + b"[" * 99999 + b"]" * 99999 + b"]")'
    ),
    "nested and left open": 'frame(b\'["ret",\' + n + b"," + b"[" * 99999)',
    "many empty lists": 'frame(b\'["ret",\' + n + b",[" + b"[]," * 500000 + b"3]]")',
    "keys that collide": (
        'frame(b\'["ret",%s,{"$":"d","v":[%s]}]\' % (n, b",".join(b"[%d,1]" % '
        "(i * (2**61 - 1)) for i in range(30000))))"
    ),
    "a gibibyte, it says": '(1 << 30).to_bytes(4, "little") + b"["',
    "all that four bytes can say": 'b"\\xff" * 4 + b"["',
    "longer than it says": 'b"\\x02\\0\\0\\0[]" + b"3" * 50',
    "shorter than it says": 'frame(b\'["ret",\' + n + b",3]")[:-1]',
    "no length": 'b"\\0\\0"',
    "empty": 'frame(b"")',
    "nothing": 'b""',
    "two replies": 'frame(b\'["ret",\' + n + b",3]") * 2',
    "no list": "frame(b'{\"ret\":' + n + b',\"value\":3}')",
    "more behind it": 'frame(b\'["ret",\' + n + b",3] 3")',
    "another number": "frame(b'[\"ret\",%d,3]' % (nonce + 1))",
    "the number as text": "frame(b'[\"ret\",\"' + n + b'\",3]')",
    "the number as a fraction": 'frame(b\'["ret",\' + n + b".0,3]")',
    "true for a number": "frame(b'[\"ret\",true,3]')",
    "one field more": 'frame(b\'["ret",\' + n + b",3,3]")',
    "one field less": 'frame(b\'["ret",\' + n + b"]")',
    "unknown verb": 'frame(b\'["pass",\' + n + b",3]")',
    "verb that is a list": 'frame(b\'[["ret"],\' + n + b",3]")',
    "error without text": 'frame(b\'["err",\' + n + b",1,2,3,4,5]")',
    "error with too much text": (
        'frame(b\'["err",%s,"%s","%s","m",["%s"],""]\' % '
        '(n, b"x" * 99999, b"x" * 99999, b"x" * 99999))'
    ),
    "too big, it says": 'frame(b\'["big",\' + n + b",[]]")',
    "fault of nobody": 'frame(b\'["flt",\' + n + b"]")',
    "ready once more": "frame(b'[\"ready\"]')",
    "question about nothing": 'frame(b\'["ask",3,"call",[],{}]\')',
    "question without a number": 'frame(b\'["ask",null,"call",[],{}]\')',
    "question without arguments": "frame(b'[\"ask\",3]')",
    "question that we should ask": "frame(b'[\"do\",' + n + b',\"value\",[],[]]')",
}
"""Python expressions for what is written; ``n`` is the number of the question."""

REPLIES = {
    **{k: f"frame(b'[\"ret\",' + n + b',' + {v!r} + b']')" for k, v in VALUES.items()},
    **FRAMES,
}

EQUAL = f"""\
from collections import ChainMap, UserList, UserString
from decimal import Decimal
from fractions import Fraction
{_VALUES}
def equal_to(want):
    if type(want) is dict:
        return [ChainMap(want)]
    if type(want) in (str, list):
        return [UserString(want) if type(want) is str else UserList(want)]
    kinds = [int, float, complex, bool, Decimal, Fraction]
    found = [kind(want) for kind in kinds if kind is not type(want)]
    return [x for x in found if x == want]
"""
"""Honest about ``VALUES``; else all that Python finds equal."""

USE = """\
class Own: pass
ODD = [
    ("evil", [], {}), ("call", [], {}), ("call", [1, 2, 3], {}), ("call", [], {"z": 1}),
    ("eq", [], {}), ("lt", ["x"], {}), ("item", [10 ** 30], {}), ("item", ["x"], {}),
    ("next", [1], {"a": 2}), ("pow", [10 ** 6], {}), ("__class__", [Own()], {}),
    ("hash", [[[]]], {"self": 1}),
]
def use(lent, n):
    if hasattr(lent, "_ask"):
        ask, number = lent._ask, lent._number
    else:
        names = lent.__code__.co_freevars
        cells = dict(zip(names, (c.cell_contents for c in lent.__closure__)))
        ask, number = cells["ask"], cells["number"]
    operation, given, more = ODD[n]
    try: ask(number, operation, given, more)
    except Exception: pass
    return "tried"
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Challenge]:
    folder = tmp_path_factory.mktemp("suite")
    texts = {"reply": HIDDEN, "nearly": NEARLY, "uses": USES}
    return {name: challenge(folder, name, text) for name, text in texts.items()}


@pytest.fixture(scope="module")
def verifier(
    suite: dict[str, Challenge], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Verifier]:
    """At one level: what the judge reads does not depend on the walls."""
    log = tmp_path_factory.mktemp("log") / "judge.log"
    verifier = Verifier(list(suite.values()), level=best_level(), log=log)
    yield verifier
    verifier.close()


Judge = Callable[[str, str], Judgement]


@pytest.fixture
def judge(verifier: Verifier, suite: dict[str, Challenge], tmp_path: Path) -> Judge:
    def verify(name: str, answer: str) -> Judgement:
        put(tmp_path / "tree", {"work.py": answer})
        return verifier.verify(suite[name], tmp_path / "tree", seed=1)

    return verify


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_reply_that_no_honest_child_sends(judge: Judge, reply: str) -> None:
    found = judge("reply", FORGE.format(reply=reply))
    assert found.verdict is Verdict.FAIL, found
    assert [(c.name, c.passed) for c in found.checks] == [
        ("test_after", True),
        ("test_total", False),
    ], found


def test_the_honest_answer_passes_after_them(judge: Judge) -> None:
    assert judge("reply", HONEST).verdict is Verdict.PASS


def test_a_reply_like_a_childs_own_is_believed(judge: Judge) -> None:
    """Else the tests above would prove nothing."""
    reply = "frame(b'[\"ret\",' + n + b',3]')"
    assert judge("reply", FORGE.format(reply=reply)).verdict is Verdict.PASS


def test_only_exactly_the_same_value_passes(judge: Judge) -> None:
    assert judge("nearly", EQUAL).verdict is Verdict.PASS


def test_odd_uses_of_lent_objects_fail_alone(judge: Judge) -> None:
    found = judge("uses", USE)
    assert found.verdict is Verdict.FAIL, found
    assert len(found.checks) == 7 * 12
    assert not any(check.passed for check in found.checks)
