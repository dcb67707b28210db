"""The judge's own objects in the child: functions, keys, clocks, streams."""

from __future__ import annotations

import asyncio
import functools
import json
import sys
import threading
from typing import Any

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import CodeGone
from pytest_overnight.grading import CodeTooBig
from pytest_overnight.grading import JudgeError
from pytest_overnight.grading import OverBudget
from pytest_overnight.grading import ProtocolError
from tests.grading.conftest import Answer

WORK = """
import asyncio, functools, threading, time
class Mine(LookupError): pass
def call(f, *a, **k): return f(*a, **k)
def swallow(f):
    try: f()
    except BaseException as error: return type(error).__name__
    return "nothing"
def which(f):
    try: f()
    except Exception as error: return type(error).__name__, [str(a) for a in error.args]
def retry(times):
    def wrap(f):
        @functools.wraps(f)
        def again(*args):
            for left in range(times, 0, -1):
                try: return f(*args)
                except ConnectionError:
                    if left == 1: raise
        return again
    return wrap
def ident(): return threading.get_ident()
def both(f): return ident(), f(), ident()
def keep(f): keep.f = f
def later():
    return keep.f()
def same(f, g): return f is g
def back(x): return [x, {"k": x}]
def in_thread(f):
    found = []
    t = threading.Thread(target=lambda: found.append(f())); t.start(); t.join()
    return found
def detached(f):
    threading.Thread(target=f, daemon=True).start()
def many(f, n):
    ts = [threading.Thread(target=f) for _ in range(n)]
    for t in ts: t.start()
    for t in ts: t.join()
    return n
async def gather(fetch, n): return await asyncio.gather(*[fetch(i) for i in range(n)])
async def cancel(fetch):
    try: await asyncio.wait_for(fetch(), 0.05)
    except TimeoutError: return "late"
def unique(xs):
    seen, out = set(), []
    for x in xs:
        if x not in seen:
            seen.add(x); out.append(x)
    return out
def slow_unique(xs):
    out = []
    for x in xs:
        if x not in out: out.append(x)
    return out
def peek(k): return [str(type(k)), repr(hash(k))]
def add_up(n, m):
    total = n
    for _ in range(3): total = total + m
    return total, total > n, max(n, m), -n
def find(xs, want):
    low, high = 0, len(xs)
    while low < high:
        mid = (low + high) // 2
        if xs[mid] < want: low = mid + 1
        else: high = mid
    return low
def take(n, it):
    it = iter(it)
    return [next(it) for _ in range(n)]
def backoff(clock, sleep):
    start, waits = clock(), 1
    while clock() - start < 7: sleep(waits); waits *= 2
    return clock()
"""


def test_a_function_of_the_test_is_a_function_there(answer: Answer) -> None:
    code = answer(WORK)

    def add(a: int, b: int = 1) -> int:
        """Add."""
        return a + b

    assert code.call("work:call", add, 2) == 3
    assert code.call("work:call", add, 2, b=5) == 7
    assert code.call("work:same", add, add) is True
    assert code.call("work:back", add) == [add, {"k": add}]
    flaky = code.callback(add, name="flaky")
    wrapped = code.call(code.call("work:retry", 2), flaky)
    assert wrapped(2) == 3
    assert code.attr(wrapped, "__name__") == "flaky"
    assert code.attr(wrapped, "__doc__") == "Add."


def test_wrong_arguments_are_the_answers_error(answer: Answer) -> None:
    code = answer(WORK)
    with code.raises("TypeError", match="positional"):
        code.call("work:call", lambda x: x)


def test_declared_errors_travel_to_agent_code(answer: Answer) -> None:
    code = answer(WORK)
    tries: list[int] = []

    def flaky(x: int) -> int:
        tries.append(x)
        if len(tries) < 3:
            raise ConnectionResetError("gone", 5)
        return x

    f = code.callback(flaky, raises=[ConnectionError])
    assert code.call(code.call("work:retry", 3), f)(7) == 7
    assert tries == [7, 7, 7]


def test_the_answers_own_error_class(answer: Answer) -> None:
    code = answer(WORK)

    def refuse() -> None:
        raise code.error("work:Mine", "no", 3)

    assert code.call("work:which", refuse) == ("Mine", ["no", "3"])


def test_an_assertion_that_agent_code_swallows_is_raised_here(answer: Answer) -> None:
    code = answer(WORK)

    def check() -> None:
        assert 1 == 2, "seen"

    for call in ("swallow", "in_thread"):
        with pytest.raises(AssertionError, match="seen"):
            code.call(f"work:{call}", check)
    with pytest.raises(AssertionError, match="seen"):
        code.call("work:ident")
    with pytest.raises(AssertionError, match="seen"):
        code.finish()
    code.link.faults.clear()


def test_a_fault_after_the_last_reply_is_raised_at_the_end(answer: Answer) -> None:
    code = answer(WORK)
    entered, returned = threading.Event(), threading.Event()

    def check() -> None:
        entered.set()
        assert returned.wait(10)
        raise ValueError("too late")

    code.call("work:detached", check)
    assert entered.wait(10)
    returned.set()
    with pytest.raises(ValueError, match="too late"):
        code.finish()
    code.link.faults.clear()


def test_an_error_that_agent_code_could_not_know_is_the_tests_fault(
    answer: Answer,
) -> None:
    code = answer(WORK)

    class Private(Exception):
        pass

    with pytest.raises(JudgeError, match="no builtin exception"):
        code.callback(len, raises=[ValueError, Private])


@pytest.mark.parametrize(
    ("declared", "raised", "told"),
    [
        (ValueError, lambda: json.loads("{"), "ValueError"),
        (Exception, lambda: json.loads("{"), "ValueError"),
        (ValueError, lambda: b"\xff".decode(), "UnicodeDecodeError"),
        (LookupError, lambda: _fail(type("Mine", (KeyError,), {})("k")), "KeyError"),
        (ValueError, lambda: _fail(_TwoBases("v")), "ValueError"),
        (CodeError, lambda: _fail(CodeError("Odd", "text", "work")), "AttributeError"),
    ],
    ids="json exception unicode lookup two-bases code-error".split(),
)
def test_a_subclass_of_a_declared_error_travels_as_its_base(
    answer: Answer, declared: Any, raised: Any, told: str
) -> None:
    code = answer(WORK)
    with code.raises(told) as caught:
        code.call("work:call", code.callback(raised, raises=[declared]))
    assert caught.error.type == told
    assert code.call("work:call", lambda: 5) == 5


class _TwoBases(KeyError, ValueError):
    pass


def _fail(error: Exception) -> None:
    raise error


HOSTILE = """
def f(visit, value): return visit(eval(value, {"visit": visit}))
"""


@pytest.mark.parametrize(
    ("body", "value", "error"),
    [
        (lambda x: {"a": 1}[x], "'b'", KeyError),
        (lambda x: {"a": 1}[x], "[]", TypeError),
        (lambda x: x.upper(), "5", AttributeError),
        (lambda x: json.loads(x), "'['*100000", RecursionError),
        (lambda x: json.loads(x), "'['*300 + ']'*300", CodeTooBig),
        (lambda x: iter(x), "[1]", TypeError),
        (lambda x: _fail(ValueError(iter(x))), "[1]", TypeError),
        (lambda x: int(x), "'9' * 5000", ValueError),
        (lambda x: x(x), "visit", RecursionError),
        (lambda x: sys.exit(x), "0", SystemExit),
    ],
    ids=(
        "missing-key unhashable no-method deep-text deep-data iterator "
        "iterator-in-error digits recursion exit"
    ).split(),
)
def test_no_argument_of_the_answers_is_a_fault_of_the_tests(
    answer: Answer, body: Any, value: str, error: type[BaseException]
) -> None:
    code = answer(HOSTILE)
    raises = [OSError] if error is not TypeError else [OSError, ValueError]
    with pytest.raises(error):
        code.call("work:f", code.callback(body, raises=raises), value)
    code.link.faults.clear()


def test_what_a_test_binds_is_out_of_the_answers_reach(answer: Answer) -> None:
    code = answer(WORK)
    seen: list[int] = []
    note = functools.partial(lambda mine, x: mine.append(x), seen)
    with code.raises("TypeError"):
        code.call("work:call", note, 1, mine=[])
    code.call("work:call", note, 2)
    assert seen == [2]


def test_calls_back_and_forth_stay_on_one_thread(answer: Answer) -> None:
    code = answer(WORK)
    me = threading.get_ident()

    def inner() -> int:
        assert threading.get_ident() == me
        found: int = code.call("work:ident")
        return found

    first, between, last = code.call("work:both", inner)
    assert first == between == last

    def deep(n: int = 3) -> Any:
        return code.call("work:call", lambda: deep(n - 1)) if n else "end"

    assert deep() == "end"


def test_a_function_kept_for_later_still_works(answer: Answer) -> None:
    code = answer(WORK)
    code.call("work:keep", lambda: 5)
    assert code.call("work:later") == 5


def test_errors_of_a_nested_call_may_be_let_through(answer: Answer) -> None:
    code = answer(WORK)

    def nested() -> None:
        code.call("work:take", 5, [])

    nested_too = code.callback(nested, raises=[CodeError])
    with code.raises("StopIteration"):
        code.call("work:call", nested_too)


@pytest.mark.parametrize("threads", [5, 40])
def test_threads_of_the_answer_meet_at_a_barrier(answer: Answer, threads: int) -> None:
    code = answer(WORK)
    barrier = code.barrier(threads)
    assert code.call("work:many", barrier.wait, threads) == threads
    assert barrier.most == threads


def test_more_threads_than_sockets_are_refused(answer: Answer) -> None:
    code = answer(WORK)
    gate = code.gate()
    with code.crew() as crew:
        job = crew.start(code.call, "work:many", gate.wait, 80)
        while not code.link.faults:
            crew.settle()
        gate.open()
        with pytest.raises(ProtocolError, match="more than 64 threads"):
            job.result()
    code.link.faults.clear()


def test_async_functions_run_side_by_side(answer: Answer) -> None:
    code = answer(WORK)
    barrier = code.barrier(12)

    def fetch(i: int) -> int:
        barrier.wait()
        return i * i

    fetching = code.callback(fetch, is_async=True)
    assert code.call("work:gather", fetching, 12) == [i * i for i in range(12)]


def test_a_cancelled_wait_does_not_hang(answer: Answer) -> None:
    code = answer(WORK)
    gate = code.gate()
    assert code.call("work:cancel", code.callback(gate.wait, is_async=True)) == "late"
    gate.open()
    assert not asyncio.all_tasks(asyncio.new_event_loop())


def test_a_function_may_kill_the_child(answer: Answer) -> None:
    code = answer(WORK)
    with pytest.raises(CodeGone, match="killed by the test"):
        code.call("work:call", code.kill)
    assert code.spawn().call("work:which", lambda: 1) is None


def test_keys_are_opaque_and_every_use_is_counted(answer: Answer) -> None:
    code = answer(WORK)
    for name, most in (("unique", 300), ("slow_unique", 6000)):
        count = code.counter(10_000)
        keys = [code.key(n % 50, count) for n in range(100)]
        found = code.call(f"work:{name}", keys)
        assert [key.value for key in found] == list(range(50))
        assert most / 3 < count.total <= most
    kind, number = code.call("work:peek", code.key(5, code.counter(9)))
    assert "Key" in kind
    assert number != "5"


def test_equal_keys_are_found_by_asking(answer: Answer) -> None:
    code = answer(WORK)
    count = code.counter(1000)
    keys = [code.key(1, count) for _ in range(3)]
    assert len(code.call("work:unique", keys)) == 1
    assert count.by == {"hash": 4, "eq": 2}


def test_sorting_asks_less_than(answer: Answer) -> None:
    code = answer("def f(xs): return sorted(xs)\ndef g(a, b): return a <= b\n")
    count = code.counter(1000)
    keys = [code.key(n, count, ops="lt") for n in (3, 1, 2)]
    assert [key.value for key in code.call("work:f", keys)] == [1, 2, 3]
    with code.raises("TypeError", match="not supported"):
        code.call("work:g", *keys[:2])
    with code.raises("TypeError", match="unhashable"):
        code.call("builtins_of:h", keys) if False else code.call(
            code.define("def h(k): return {k}").h, keys[0]
        )


def test_a_budget_ends_the_counting(answer: Answer) -> None:
    code = answer(WORK)
    count = code.counter(500, "comparisons")
    with pytest.raises(OverBudget, match="more than 500 comparisons"):
        code.call("work:slow_unique", [code.key(n, count) for n in range(100)])
    code.link.faults.clear()


def test_numbers_count_their_arithmetic(answer: Answer) -> None:
    code = answer(WORK)
    count = code.counter(100)
    total, more, most, less = code.call(
        "work:add_up", code.number(1, count), code.number(2.5, count)
    )
    assert (total.value, more, most.value, less.value) == (8.5, True, 2.5, -1)
    assert count.by["add"] == 3


def test_rows_are_looked_at_one_by_one(answer: Answer) -> None:
    code = answer(WORK)
    count = code.counter(50)
    assert code.call("work:find", code.sequence(list(range(1000)), count), 700) == 700
    assert count.by["item"] <= 10
    with code.raises("IndexError"):
        code.call(code.define("def f(xs): return xs[5]").f, code.sequence([1], count))


def test_streams_count_their_pulls(answer: Answer) -> None:
    code = answer(WORK)
    stream = code.stream(range(100))
    assert code.call("work:take", 3, stream) == [0, 1, 2]
    assert stream.pulled == 3
    with code.raises("StopIteration"):
        code.call("work:take", 3, code.stream([1]))


def test_clocks_stand_still_until_moved(answer: Answer) -> None:
    code = answer(WORK)
    clock = code.clock(100.0)
    sleeper = code.sleeper(clock)
    assert code.call("work:backoff", clock, sleeper) == 107.0
    assert sleeper.asked == [1, 2, 4]
    clock.set(5.0)
    assert code.call("work:call", clock) == 5.0
    with code.raises("ValueError"):
        code.call("work:call", sleeper, -1)


def test_only_objects_that_were_given_come_back(answer: Answer) -> None:
    code = answer(
        """
import gc
def guess():
    f = next(o for o in gc.get_objects() if type(o).__name__ == "Table")
    f._lent[id(guess)] = 12345
    return guess
"""
    )
    with pytest.raises(ProtocolError, match="never sent"):
        code.call("work:guess")
