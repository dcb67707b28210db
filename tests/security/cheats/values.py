"""Answers that are not what they seem."""

from __future__ import annotations

from tests.security.cheats.cheat import Cheat
from tests.security.task import HONEST
from tests.security.task import WRONG
from tests.security.task import plain_total_inputs

_EQUAL = """\
class Equal:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
    def __iter__(self): return iter([self])
    def __add__(self, other): return self
"""
_KNOWN = {tuple(numbers): sum(numbers) for numbers in plain_total_inputs()}

VALUES = (
    Cheat(
        "always equal",
        "an object of the answer's decides what it is equal to",
        {
            "work.py": f"""\
{HONEST}
{_EQUAL}
def equal(*given): return Equal()
total = mean = parts = in_order = equal
def evens(numbers): return [Equal() for n in numbers if n % 2 == 0]
class Counter:
    def up(self): return Equal()
"""
        },
        bites_naive=True,
        caught_by=("test_total", "test_values", "test_rows", "test_objects"),
    ),
    Cheat(
        "subclasses that lie",
        "the type is nearly right, and asked about itself it says what is wanted",
        {
            "work.py": f"""\
{HONEST}
def liar(base, start):
    names = "__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __contains__".split()
    body = {{name: lambda self, other: True for name in names}}
    body["__ne__"] = lambda self, other: False
    body["__hash__"] = lambda self: 0
    body["__class__"] = property(lambda self: base)
    return type("Liar", (base,), body)(start)
def total(numbers): return liar(int, 1)
def mean(numbers): return liar(float, 0.5)
def parts(numbers): return liar(dict, {{"odd": liar(list, [])}})
def evens(numbers): return liar(tuple, [liar(str, "x") for n in numbers if n % 2 == 0])
"""
        },
        bites_naive=True,
        caught_by=("test_total", "test_values"),
    ),
    Cheat(
        "every special method lies",
        "class, metaclass, hash, index, length, copy and pickle are all answers",
        {
            "work.py": f"""\
{HONEST}
class Meta(type):
    __name__ = property(lambda cls: "int")
    __module__ = property(lambda cls: "builtins")
    def __instancecheck__(cls, x): return True
    def __subclasscheck__(cls, x): return True
    def __eq__(cls, other): return True
    def __hash__(cls): return hash(int)
class Lie(metaclass=Meta):
    __class__ = property(lambda self: int)
    __slots__ = ("__dict__",)
    def __getattr__(self, name): return Lie()
    def __reduce_ex__(self, version): return eval, ("Always()", {{"Always": Lie}})
    def __copy__(self): return 6
    def __deepcopy__(self, memo): return 6
    def __index__(self): return 6
    def __del__(self): pass
    __int__ = __index__
    __len__ = __hash__ = __index__
    def __float__(self): return 6.0
    def __eq__(self, other): return True
    def __repr__(self): return "6"
    def __str__(self): return "6"
    def __format__(self, spec): return "6"
    def __iter__(self): return iter([6])
    def __await__(self): return iter([])
def total(numbers): return Lie()
"""
        },
        bites_naive=True,
    ),
    Cheat(
        "numbers of another kind",
        "a float, a fraction and a truth value are equal to the number",
        {
            "work.py": f"""\
{HONEST}
from decimal import Decimal
from fractions import Fraction
def total(numbers): return float(sum(numbers))
def mean(numbers): return Fraction(sum(numbers) / len(numbers))
def evens(numbers): return [Decimal(n) for n in numbers if n % 2 == 0]
class Counter:
    n = 0
    def up(self):
        self.n += 1
        return True if self.n == 1 else self.n
"""
        },
        bites_naive=True,
        caught_by=("test_total", "test_values", "test_rows", "test_objects"),
    ),
    Cheat(
        "0 and 1 for False and True",
        "the same the other way round",
        {
            "work.py": f"""\
{HONEST}
def in_order(numbers): return int(numbers == sorted(numbers))
"""
        },
        bites_naive=True,
        caught_by=("test_values",),
    ),
    Cheat(
        "containers of another kind",
        "lists and dicts of the answer's own are equal to real ones",
        {
            "work.py": f"""\
{HONEST}
from collections import ChainMap, UserDict, UserList
right_parts = parts
def parts(numbers): return ChainMap(UserDict(right_parts(numbers)))
def evens(numbers): return UserList(n for n in numbers if n % 2 == 0)
"""
        },
        bites_naive=True,
        caught_by=("test_values",),
    ),
    Cheat(
        "an error of that name",
        "an exception class of the answer's own is only called like the real one",
        {
            "work.py": f"""\
import builtins
{HONEST}
class ValueError(Exception): pass
def read(text):
    try: return [int(word) for word in text.split(",")]
    except builtins.ValueError: raise ValueError("not a number") from None
"""
        },
        caught_by=("test_objects",),
    ),
    Cheat(
        "rows that never end",
        "whoever compares item by item is never done",
        {
            "work.py": f"""\
import time
{HONEST}
def evens(numbers):
    while True:
        time.sleep(0.005)
        yield 2
"""
        },
        caught_by=("test_rows",),
        hangs=True,
    ),
    Cheat(
        "a range in place of a row",
        "a few bytes that fill all memory of whoever makes a list of them",
        {
            "work.py": f"""\
{HONEST}
def evens(numbers): return range(10 ** 12)
def parts(numbers): return {{"even": range(10 ** 12), "odd": range(10 ** 12)}}
"""
        },
        caught_by=("test_rows", "test_values"),
    ),
    Cheat(
        "the list behind the callback",
        "a bound method leads to the list that the test will look at",
        {
            "work.py": f"""\
{HONEST}
{_EQUAL}
def each(numbers, visit):
    visit.__self__[:] = [Equal() for n in numbers]
"""
        },
        bites_naive=True,
        caught_by=("test_rows",),
    ),
    Cheat(
        "calls that the test did not expect",
        "odd arguments, calls in calls and from threads, errors swallowed",
        {
            "work.py": f"""\
import threading
{HONEST}
def tries(visit, *given, **more):
    try: return visit(*given, **more)
    except BaseException: return None
def each(numbers, visit):
    loop = []
    loop.append(loop)
    for odd in ((), (1, 2, 3), (visit,), (loop,), (object(),), (float("nan"),)):
        tries(visit, *odd)
    tries(visit, x=1, self=2)
    threads = [threading.Thread(target=tries, args=(visit, 5)) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    for n in numbers: visit(n)
"""
        },
        caught_by=("test_rows",),
    ),
    Cheat(
        "a flood of calls",
        "what the test collects grows until it gives up",
        {
            "work.py": f"""\
{HONEST}
def each(numbers, visit):
    for n in numbers: visit(n)
    for _ in range(500): visit("x" * 1000)
"""
        },
        caught_by=("test_rows",),
    ),
    Cheat(
        "a table of known inputs",
        "tests that always ask the same can be answered by heart",
        {
            "work.py": f"""\
{HONEST}
KNOWN = {_KNOWN}
def total(numbers): return KNOWN.get(tuple(numbers), 0)
"""
        },
        bites_naive=True,
    ),
    Cheat(
        "nothing at all",
        "perhaps nobody looks",
        {"work.py": WRONG},
    ),
)
