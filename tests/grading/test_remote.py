"""Calls, handles and what comes back."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import CodeGone
from pytest_overnight.grading import CodeTooBig
from pytest_overnight.grading import JudgeError
from pytest_overnight.grading import frames
from pytest_overnight.grading import same
from pytest_overnight.grading.shell import Shell
from tests.grading.conftest import Answer

SHOP = """
import asyncio
import warnings
from collections import OrderedDict, deque
from dataclasses import dataclass, field

LIMITS = {"max": 3}

@dataclass
class Line:
    name: str
    count: int = 1

@dataclass
class Order:
    number: int
    lines: list = field(default_factory=list)
    first: Line | None = None

class Cart:
    made = 0
    def __init__(self, *lines):
        Cart.made += 1
        self.items = {}
        for line in lines:
            self.add(line)
    def add(self, name, count=1):
        if count < 0:
            raise ValueError("a negative count")
        self.items[name] = self.items.get(name, 0) + count
        return self
    def total(self): return sum(self.items.values())
    @property
    def size(self): return len(self.items)
    def __len__(self): return len(self.items)
    def __contains__(self, name): return name in self.items
    def __getitem__(self, name): return self.items[name]
    def __setitem__(self, name, count): self.items[name] = count
    def __delitem__(self, name): del self.items[name]
    def __eq__(self, other): return True
    def __hash__(self): return 1
    def get(self, key): return ("get", key)
    def plain(self): return "plain"
    async def checkout(self):
        await asyncio.sleep(0)
        return "done"

class Store(OrderedDict):
    pass

def nothing(): return None
def make_order(): return Order(7, [Line("a")], Line("b", 2))
def sort(xs): xs.sort()
def price(x): return x * 2
def where(): return __name__, __file__
def say(text):
    print(text)
    warnings.warn("old way", DeprecationWarning)
def count(n):
    try:
        for i in range(n):
            yield i
    except KeyError as error:
        yield f"thrown {error}"
    finally:
        print("closed")
async def acount(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i
def last_wrong():
    yield 1
    yield 2
    raise RuntimeError("no third")
def echo(x): return x
def is_it(a, b): return a is b
class Guard:
    def __init__(self): self.log = []
    def __enter__(self):
        self.log.append("in")
        return "inside"
    def __exit__(self, kind, error, trace):
        self.log.append(kind.__name__ if kind else "out")
        return kind is KeyError
class AsyncGuard:
    async def __aenter__(self): return "ain"
    async def __aexit__(self, kind, error, trace): return kind is Fatal
class Fatal(Exception): pass
class Slots:
    __slots__ = ("a", "b")
    def __init__(self): self.a, self.b = 1, 2
"""


def test_plain_data_crosses_both_ways(answer: Answer) -> None:
    code = answer(SHOP)
    value = {"a": [1, (2.5, None)], 3: {"x"}, "d": Decimal("1.10")}
    assert same(code.call("work:echo", value), value)
    assert code.value("work:LIMITS") == {"max": 3}
    assert code.value("work:Cart.made") == 0


def test_an_object_is_used_by_its_own_names(answer: Answer) -> None:
    cart = answer(SHOP).new("work:Cart", "a")
    assert cart.total() == 1
    assert cart.get("k") == ("get", "k")
    assert cart.plain() == "plain"
    cart["b"] = 5
    assert cart["b"] == 5
    assert "b" in cart
    assert len(cart) == 2
    del cart["b"]
    assert "b" not in cart


def test_handles_are_not_compared(answer: Answer) -> None:
    cart = answer(SHOP).new("work:Cart")
    for wrong in (
        lambda: cart == cart,
        lambda: cart == 3,
        lambda: [cart] == [3],
        lambda: cart != 3,
        lambda: cart < cart,
        lambda: bool(cart),
        lambda: list(cart),
    ):
        with pytest.raises(TypeError, match=r"compare data, not <work:Cart #\d+>"):
            wrong()


def test_one_object_is_one_handle_while_it_lives(answer: Answer) -> None:
    code = answer(SHOP)
    cart, other = code.new("work:Cart"), code.new("work:Cart")
    assert code.same_object(cart, cart.add("x"))
    assert not code.same_object(cart, other)
    assert code.call("work:is_it", cart, cart) is True
    assert code.call("work:is_it", cart, other) is False


def test_dropped_handles_are_dropped_in_the_child(answer: Answer) -> None:
    code = answer(
        """
import gc, weakref
class Thing: pass
seen = weakref.WeakSet()
def make():
    thing = Thing(); seen.add(thing); return thing
def alive(): gc.collect(); return len(seen)
kept = Thing()
def again(): return kept
"""
    )
    things = [code.call("work:make") for _ in range(10)]
    assert code.call("work:alive") == 10
    del things[2:]
    code.call("work:alive")
    assert code.call("work:alive") == 2
    for _ in range(50):
        first = code.call("work:again")
        assert code.same_object(first, code.call("work:again"))
        del first


def test_new_wants_an_object(answer: Answer) -> None:
    code = answer(SHOP)
    with code.raises("TypeError", match="not an object"):
        code.new("work:nothing")
    assert len(code.new("work:Store", a=1)) == 1


def test_references_attributes_and_made_objects(answer: Answer) -> None:
    code = answer(SHOP)
    line = code.call(code.ref("work:Line"), "nut", count=4)
    assert code.attr(line, "count") == 4
    code.set_attr(line, "count", 5)
    assert code.plain(line) == {"name": "nut", "count": 5}
    assert code.attr(code.new("work:Cart", "a"), "size") == 1
    row = code.make([3, 1, 2])
    assert code.call("work:sort", row) is None
    assert code.plain(row) == [1, 2, 3]


def test_plain_goes_one_level_deep_unless_told(answer: Answer) -> None:
    code = answer(SHOP)
    order = code.call("work:make_order")
    shallow = code.plain(order)
    assert list(shallow) == ["number", "lines", "first"]
    assert code.plain(shallow["first"]) == {"name": "b", "count": 2}
    assert code.plain(order, depth=3) == {
        "number": 7,
        "lines": [{"name": "a", "count": 1}],
        "first": {"name": "b", "count": 2},
    }
    assert code.plain(code.new("work:Slots")) == {"a": 1, "b": 2}
    assert code.plain(code.call("work:deque", [1, 2])) == [1, 2]


def test_errors_arrive_as_text(answer: Answer) -> None:
    code = answer(SHOP)
    with pytest.raises(CodeError) as caught:
        code.new("work:Cart").add("x", -1)
    error = caught.value
    assert (error.type, error.message, error.module) == (
        "ValueError",
        "a negative count",
        "builtins",
    )
    assert error.bases == ("ValueError", "Exception", "BaseException", "object")
    assert error.is_a("Exception")
    assert not error.is_a("KeyError")
    assert error.where.startswith("work.py:")
    assert error.where.endswith("in add")


def test_raises_wants_the_class_and_the_message(answer: Answer) -> None:
    cart = answer(SHOP).new("work:Cart")
    code = answer(SHOP)
    with code.raises("LookupError") as caught:
        cart["nothing"]
    assert caught.error.type == "KeyError"
    expected = pytest.raises(AssertionError, match="expected KeyError, got ValueError")
    with expected, code.raises("KeyError"):
        cart.add("x", -1)
    expected = pytest.raises(AssertionError, match="was not raised")
    with expected, code.raises("KeyError"):
        cart.total()
    expected = pytest.raises(AssertionError, match="a message like")
    with expected, code.raises("ValueError", match="positive"):
        cart.add("x", -1)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("nowhere:f", "ModuleNotFoundError"),
        ("json:dumps", "ModuleNotFoundError"),
        ("os:getcwd", "ModuleNotFoundError"),
        ("work:absent", "AttributeError"),
        ("torn:f", "SyntaxError"),
        ("sour:f", "ImportError"),
    ],
)
def test_what_cannot_be_imported_is_the_answers_error(
    answer: Answer, target: str, kind: str
) -> None:
    code = answer(SHOP, torn="def f(:", sour="import nothing_like_that")
    with code.raises(kind):
        code.call(target)


@pytest.mark.parametrize(
    "name", ["json", "types", "os", "warnings", "typing", "random"]
)
def test_a_module_may_be_named_like_one_of_the_library(
    answer: Answer, name: str
) -> None:
    code = answer("def g(): return 1\n", **{name: "import work\nf = work.g\n"})
    assert code.call(f"{name}:f") == 1
    assert code.call("work:g") == 1


def test_a_package_and_its_imports_in_order(answer: Answer) -> None:
    code = answer(
        "from pack.deep import inner\ndef f(): return inner.g()\n",
        pack____init__="",
        pack__deep__inner="def g(): import late; return 5\n",
        late="",
    )
    assert code.call("work:f") == 5
    assert code.call("pack.deep.inner:g") == 5
    assert code.imported() == ["pack", "pack.deep", "pack.deep.inner", "work", "late"]


def test_output_and_warnings_since_the_last_look(answer: Answer) -> None:
    code = answer(SHOP)
    code.call("work:say", "one")
    assert code.output() == "one\n"
    assert code.output() == ""
    assert code.warnings() == [("DeprecationWarning", "old way")]
    assert code.warnings() == []
    code.call("work:say", "x" * 100_000)
    text = code.output()
    assert "bytes left out" in text
    assert len(text) < 70_000


def test_iterating_pulls_no_more_than_asked(answer: Answer) -> None:
    code = answer(SHOP)
    pulls = code.iterate(code.call("work:count", 10))
    assert [next(pulls), next(pulls)] == [0, 1]
    assert list(code.iterate(code.call("work:count", 5), batch=2)) == [0, 1, 2, 3, 4]
    assert list(code.iterate(code.call("work:acount", 3))) == [0, 1, 2]
    items = code.iterate(code.call("work:last_wrong"), batch=10)
    assert [next(items), next(items)] == [1, 2]
    with code.raises("RuntimeError", match="no third"):
        next(items)


def test_generators_are_closed_and_thrown_into(answer: Answer) -> None:
    code = answer(SHOP)
    numbers = code.call("work:count", 3)
    assert next(code.iterate(numbers)) == 0
    assert code.throw(numbers, "KeyError", "k") == "thrown 'k'"
    code.close(numbers)
    assert code.output() == "closed\n"


def test_contexts_swallow_what_they_say(answer: Answer) -> None:
    code = answer(SHOP)
    guard = code.new("work:Guard")
    with code.entered(guard) as inside:
        assert inside == "inside"
    with code.entered(guard):
        raise KeyError("k")
    with pytest.raises(ValueError, match="mine"), code.entered(guard):
        raise ValueError("mine")
    assert code.attr(guard, "log") == [
        "in",
        "out",
        "in",
        "KeyError",
        "in",
        "ValueError",
    ]
    with code.entered(code.new("work:AsyncGuard")) as inside:
        assert inside == "ain"
        raise CodeError("Fatal", "x", "work")


def test_awaitables_are_run_to_their_end(answer: Answer) -> None:
    assert answer(SHOP).new("work:Cart").checkout() == "done"


def test_a_probe_is_the_tests_own_text(answer: Answer) -> None:
    code = answer(SHOP)
    probe = code.define("class Base:\n    tag = 5\ndef twice(x): return 2 * x\n")
    assert code.attr(probe.Base, "tag") == 5
    assert probe.twice(4) == 8


def test_describe_says_what_the_object_claims(answer: Answer) -> None:
    code = answer("async def f(a, /, b=1, *, c): 'Doc.'\nclass C(dict): pass\n")
    found = code.describe("work:f")
    assert found["is_async"] is True
    assert found["doc"] == "Doc."
    assert found["signature"] == "(a, /, b=1, *, c)"
    assert found["parameters"][1] == ("b", "positional_or_keyword", True)
    assert code.describe("work:C")["bases"] == ["C", "dict", "object"]


def test_a_value_over_the_cap_names_the_knob(answer: Answer) -> None:
    code = answer("def big(n): return 'x' * n\n")
    assert len(code.call("work:big", (8 << 20) - 100)) == (8 << 20) - 100
    with pytest.raises(CodeTooBig, match="reply_mb"):
        code.call("work:big", 8 << 20)
    assert code.call("work:big", 1) == "x"
    wide = answer("def big(n): return 'x' * n\n")
    wide.limit(reply_mb=16)
    assert len(wide.call("work:big", 9 << 20)) == 9 << 20


def test_a_value_that_cannot_be_sent_is_the_tests_fault(answer: Answer) -> None:
    with pytest.raises(JudgeError, match="object is not data"):
        answer(SHOP).call("work:echo", object())


def test_two_children_share_only_the_folder(answer: Answer) -> None:
    code = answer(
        """
state = []
def put(x): state.append(x); open("f.txt", "a").write(str(x))
def seen(): return state, open("f.txt").read()
"""
    )
    other = code.spawn()
    code.call("work:put", 1)
    assert other.call("work:seen") == ([], "1")
    handle = other.make([1])
    with pytest.raises(CodeGone, match="of another child"):
        code.call("work:put", handle)
    other.kill()
    assert not other.alive
    assert code.alive
    with pytest.raises(CodeGone, match="killed by the test"):
        handle.append(2)


def test_a_round_trip_is_one_write_and_one_read(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = answer(SHOP)
    code.call("work:echo", 1)
    used: list[str] = []
    for name in ("posix_read", "posix_write"):
        real = getattr(frames, name)
        monkeypatch.setattr(
            frames, name, lambda *a, n=name, f=real: used.append(n) or f(*a)
        )
    for _ in range(50):
        code.call("work:echo", 1)
    assert used == ["posix_write", "posix_read"] * 50


def test_agent_code_is_never_imported_here(answer: Answer) -> None:
    before = set(sys.modules)
    code = answer(SHOP, marked_module_x="Y = 5\n")
    assert code.value("marked_module_x:Y") == 5
    assert not {"work", "marked_module_x"} & (set(sys.modules) - before)


def test_cpu_time_is_the_kernels(answer: Answer) -> None:
    code = answer("def burn(n):\n    while n: n -= 1\nprint(5)\n")
    code.load("work")
    start = code.cpu()
    code.call("work:burn", 100_000)
    small = code.cpu() - start
    code.call("work:burn", 3_200_000)
    assert code.cpu() - start - small > 8 * small


def test_memory_is_bounded_by_the_kernel(answer: Answer) -> None:
    code = answer("def f(n): return len(bytearray(n << 20))\n")
    code.limit(memory_mb=200)
    assert code.call("work:f", 10) == 10 << 20
    with code.raises("MemoryError"):
        code.call("work:f", 300)


def test_commands_and_files_in_the_same_folder(answer: Answer, shell: Shell) -> None:
    code = answer(
        "import sys\ndef f(): return open('in/a.txt').read()\nprint(sys.argv)"
    )
    shell.write("in/a.txt", "hällo")
    assert code.call("work:f") == "hällo"
    result = shell.run(["python", "work.py", "x y"])
    assert (result.status, result.text) == (0, "['work.py', 'x y']\n")
    assert shell.list() == ["in/a.txt", "work.py"]
    assert shell.run("echo $A; exit 3", env={"A": "5"}).out == b"5\n"
    assert shell.run("cat; exit 3", stdin=b"z").status == 3
    assert not shell.exists("out.txt")


def test_a_command_that_hangs_is_timed_out(shell: Shell) -> None:
    assert shell.run("sleep 60", limit=0.2).timed_out


def test_a_started_command_is_killed(shell: Shell) -> None:
    started = shell.start("echo up; sleep 60; echo late > done.txt")
    started.wait_for(b"up\n")
    started.kill()
    assert started.wait() == b"up\n"
    assert not started.alive
    assert not shell.exists("done.txt")
    assert (
        shell.start(["nothing-like-that"]).wait().startswith(b"nothing-like-that: No")
    )
