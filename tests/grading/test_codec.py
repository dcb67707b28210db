"""Values as text, both ways."""

from __future__ import annotations

import datetime
import enum
import math
import pathlib
import uuid
from collections import Counter
from collections import OrderedDict
from collections import defaultdict
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_overnight.grading import same
from pytest_overnight.grading.codec import Codec
from pytest_overnight.grading.frames import TooBig
from pytest_overnight.grading.frames import Unfit


def refuse(*given: Any) -> Any:
    raise Unfit("an object")


CODEC = Codec(refuse, refuse, 1 << 20)


def there_and_back(x: Any) -> Any:
    return CODEC.decode(CODEC.encode([x])[4:])[0]


def read(text: str) -> Any:
    return CODEC.decode(text.encode())


zones = st.none() | st.integers(-1439, 1439).map(
    lambda m: datetime.timezone(datetime.timedelta(minutes=m))
)
atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.binary().map(bytearray)
    | st.complex_numbers()
    | st.decimals()
    | st.fractions()
    | st.uuids()
    | st.dates()
    | st.timedeltas()
    | st.datetimes(timezones=zones)
    | st.times(timezones=zones)
    | st.builds(range, st.integers(), st.integers(), st.integers(1))
    | st.text("ab/.").map(pathlib.PurePosixPath)
)
hashables = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)
values = st.recursive(
    atoms | hashables,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.dictionaries(hashables, inner, max_size=4)
        | st.sets(hashables, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=150)
@given(values)
def test_what_arrives_is_what_was_sent(x: Any) -> None:
    assert same(there_and_back(x), x)


@pytest.mark.parametrize(
    "x",
    [
        2**5000,
        -(2**2048),
        -0.0,
        math.inf,
        "\ud800 lone",
        {1: "a", "1": "b"},
        {"$": 1},
        {"$": "t", "v": [1]},
        {True: 1},
        {(1, "a"): frozenset({2})},
        [],
        (),
        {},
        set(),
        frozenset(),
        b"",
        bytearray(),
        [[[]]],
        [1, 2**3000, None],
        range(10, 0, -3),
        Decimal("-0"),
        Decimal("NaN"),
        Decimal("1E+30"),
        Fraction(-7, 3),
        pathlib.PosixPath("/tmp/a"),
        datetime.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=datetime.UTC),
    ],
    ids=lambda x: repr(x)[:30],
)
def test_the_odd_ones_arrive_whole(x: Any) -> None:
    assert same(there_and_back(x), x)


def test_nan_arrives_as_nan() -> None:
    assert math.isnan(there_and_back(math.nan))


class Money(float):
    def __repr__(self) -> str:
        return "money"


class Always(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Shout(str):
    def __str__(self) -> str:
        return "loud"

    def __len__(self) -> int:
        return 99


class Liar(list[int]):
    def __iter__(self) -> Any:
        return iter([7])

    def __getitem__(self, key: Any) -> Any:
        return 7


class Word(enum.StrEnum):
    A = "a"


Point = namedtuple("Point", "x y")


def test_subclasses_arrive_as_their_plain_base() -> None:
    reordered = OrderedDict(a=1, b=2)
    reordered.move_to_end("a")
    grouped = defaultdict(list, a=[1])
    cases: list[tuple[Any, Any]] = [
        (Money(-0.0), -0.0),
        (Always(3), 3),
        (Shout("abc"), "abc"),
        (Liar([1, 2]), [1, 2]),
        (Word.A, "a"),
        (Point(1, 2), (1, 2)),
        (Counter("aab"), {"a": 2, "b": 1}),
        (grouped, {"a": [1]}),
    ]
    for given_, plain in cases:
        assert same(there_and_back(given_), plain)
    assert list(there_and_back(reordered)) == ["b", "a"]


def test_a_container_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(Unfit, match="holds itself"):
        CODEC.encode([loop])


def test_shared_parts_that_would_explode_are_too_big() -> None:
    bomb: list[Any] = []
    for _ in range(60):
        bomb = [bomb, bomb]
    with pytest.raises(TooBig):
        Codec(refuse, refuse, 10_000).encode([bomb])


def test_a_deep_value_is_too_big() -> None:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(TooBig, match="deeper"):
        CODEC.encode([deep])


def test_the_cap_is_exact() -> None:
    small = Codec(refuse, refuse, 100)
    assert len(small.encode(["x" * 96])) == 104
    with pytest.raises(TooBig, match="101 bytes"):
        small.encode(["x" * 97])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nope",
        "{}",
        "[]",
        "1",
        "[1] ",
        "[1][2]",
        "[1",
        '["\\ud800',
        '[{"a":1,"a":2}]',
        '[{"$":"t"}]',
        '[{"$":"t","v":[],"w":1}]',
        '[{"$":1,"v":[]}]',
        '[{"$":"nope","v":[]}]',
        '[{"$":"t","v":{}}]',
        '[{"$":"t","v":"abc"}]',
        '[{"$":"s","v":[[1]]}]',
        '[{"$":"s","v":[1,1]}]',
        '[{"$":"s","v":[1,true]}]',
        '[{"$":"d","v":[[1,2],[1.0,3]]}]',
        '[{"$":"d","v":[[[],2]]}]',
        '[{"$":"d","v":[1]}]',
        '[{"$":"I","v":"0x10"}]',
        '[{"$":"I","v":"1_0"}]',
        '[{"$":"I","v":""}]',
        '[{"$":"I","v":5}]',
        '[{"$":"b","v":"a"}]',
        '[{"$":"b","v":"****"}]',
        '[{"$":"c","v":[1,2]}]',
        '[{"$":"c","v":["1","2"]}]',
        '[{"$":"R","v":["1","2","0"]}]',
        '[{"$":"D","v":"__import__"}]',
        '[{"$":"D","v":"1e"}]',
        '[{"$":"F","v":["1","0"]}]',
        '[{"$":"F","v":["1","-2"]}]',
        '[{"$":"Y","v":[2024,13,1]}]',
        '[{"$":"Y","v":[2024,1]}]',
        '[{"$":"T","v":[2024,1,1,0,0,0,0,0,[9,0,0]]}]',
        '[{"$":"L","v":[1,2,99999999999999999999999]}]',
        '[{"$":"U","v":"-1"}]',
        '[{"$":"U","v":"' + "f" * 33 + '"}]',
        "[" + "1" * 5000 + "]",
        "[" * 100_000,
        "[" * 300 + "]" * 300,
        '[{"a":' * 150 + "1" + "}]" * 150,
    ],
    ids=lambda text: f"{text[:40]} ({len(text)})",
)
def test_a_text_that_no_honest_side_writes_is_refused(text: str) -> None:
    with pytest.raises(Unfit):
        read(text)


def test_bytes_that_are_not_ascii_are_refused() -> None:
    with pytest.raises(Unfit):
        CODEC.decode(b'["\xff"]')


def test_colliding_keys_are_refused_before_they_are_hashed() -> None:
    members = ",".join(str(n * (2**61 - 1)) for n in range(20_001))
    with pytest.raises(TooBig):
        read(f'[{{"$":"s","v":[{members}]}}]')


def test_many_text_members_are_fine() -> None:
    many = {str(n) for n in range(30_000)}
    assert there_and_back(many) == many


def test_uuids_and_enums_keep_apart() -> None:
    x = uuid.UUID(int=5)
    assert there_and_back(x) == x
    with pytest.raises(Unfit, match="an object"):
        CODEC.encode([enum.Enum("Colour", "RED").RED])  # type: ignore[attr-defined]
