"""Races, crashes and virtual time, explored step by step."""

from __future__ import annotations

import json

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import CodeTooBig
from pytest_overnight.grading import explore
from pytest_overnight.grading.explore import crash_states
from pytest_overnight.grading.remote import Code
from tests.grading.conftest import Answer

LIMITERS = '''
import asyncio, json, sys, textwrap, threading
class Bare:
    def __init__(self): self.left = 1
    def allow(self):
        if self.left > 0:
            self.left = self.left - 1
            return True
        return False
class Locked(Bare):
    def __init__(self): self.left, self.lock = 1, threading.Lock()
    def allow(self):
        with self.lock:
            if self.left > 0:
                self.left -= 1
                return True
            return False
class Sly(Bare):
    def allow(self):
        sys.settrace(None)
        sys._getframe().f_trace = None
        return super().allow()
class Restoring(Bare):
    def allow(self):
        trace = sys.gettrace()
        sys.settrace(None)
        granted = super().allow()
        sys.settrace(trace)
        return granted
class Name(str):
    def startswith(self, *_): return True
RACE = """
def allow(self):
    if self.left > 0:
        self.left = self.left - 1
        return True
    return False
"""
def elsewhere(name):
    space = {}
    exec(compile(RACE, name, "exec"), space)
    def allow(self):
        for _ in range(3): pass
        return space["allow"](self)
    return type("Elsewhere", (Bare,), {"allow": allow})
Text, Library, Frozen, Judge, Other = map(
    elsewhere, ["<string>", threading.__file__, "<frozen os>", "<child>", "x.py"])
Subclass = elsewhere("a")
allow = Subclass.allow.__closure__[0].cell_contents["allow"]
allow.__code__ = allow.__code__.replace(co_filename=Name(__file__ + "x"))
class Heavy(Locked):
    def allow(self):
        with self.lock:
            json.dumps(json.loads("[1, 2]"), indent=2)
            textwrap.fill("some words " * 40)
        return super().allow()
class Long(Locked):
    def allow(self):
        for _ in range(3000): pass
        return super().allow()
class Fast:
    def __init__(self): self.allow = iter([True, False, False]).__next__
async def backoff(fetch):
    loop = asyncio.get_running_loop()
    waits = []
    for wait in (1, 2, 4, 8):
        start = loop.time()
        await asyncio.sleep(wait)
        waits.append(loop.time() - start)
        await fetch()
    return waits
'''


def grants(answer: Answer, kind: str) -> set[int]:
    code = answer(LIMITERS)
    return {
        [found.first.result(), found.second.result()].count(True)
        for found in code.interleavings(
            lambda: code.new(f"work:{kind}"), ("allow",), ("allow",), within="work.py"
        )
    }


def test_a_lock_grants_once_in_every_order(answer: Answer) -> None:
    assert grants(answer, "Locked") == {1}


def test_a_race_is_found(answer: Answer) -> None:
    assert grants(answer, "Bare") == {1, 2}


@pytest.mark.parametrize(
    "kind", ["Text", "Library", "Frozen", "Judge", "Other", "Subclass"]
)
def test_a_race_is_found_whatever_file_it_names(answer: Answer, kind: str) -> None:
    assert grants(answer, kind) == {1, 2}


def test_the_library_is_not_stopped_at(answer: Answer) -> None:
    code = answer(LIMITERS)
    found = code.interleavings(
        lambda: code.new("work:Heavy"), ("allow",), ("allow",), within="work.py"
    )
    assert len(list(found)) < 150


def test_stops_without_end_are_a_failure(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explore, "MOST_STOPS", 20)
    with pytest.raises(CodeTooBig, match="more than 20 stops"):
        grants(answer, "Long")


@pytest.mark.parametrize("kind", ["Fast", "Sly", "Restoring"])
def test_too_few_stops_are_a_failure(answer: Answer, kind: str) -> None:
    with pytest.raises(
        (AssertionError, CodeError), match=r"only 0 stops seen|was switched off"
    ):
        grants(answer, kind)


TODO = '''
import json, os, pathlib
class InPlace:
    def __init__(self, path):
        self.path = path
        try: self.items = json.load(open(path))
        except FileNotFoundError: self.items = []
    def add(self, text):
        self.items.append(text)
        with open(self.path, "w") as file:
            json.dump(self.items, file)
class Hidden(InPlace):
    space = {}
    exec(compile("""
def add(self, text):
    self.items.append(text)
    with open(self.path, "w") as file:
        json.dump(self.items, file)
""", json.__file__, "exec"), globals(), space)
    hidden = space["add"]
    def add(self, text): self.hidden(text)
class Blind(InPlace):
    def add(self, text):
        import posix
        right, posix.listdir = posix.listdir, lambda path: []
        try: super().add(text)
        finally: posix.listdir = right
class Padded(InPlace):
    def add(self, text):
        for n in range(600):
            with open(self.path + ".new", "w") as file: file.write(str(n))
        os.remove(self.path + ".new")
        super().add(text)
class OneCall(InPlace):
    def add(self, text):
        self.items.append(text)
        pathlib.Path(self.path).write_text(json.dumps(self.items))
class Atomic(InPlace):
    def add(self, text):
        self.items.append(text)
        with open(self.path + ".new", "w") as file:
            json.dump(self.items, file)
        os.replace(self.path + ".new", self.path)
'''


@pytest.mark.parametrize(
    ("kind", "safe"),
    [
        ("InPlace", False),
        ("OneCall", False),
        ("Hidden", False),
        ("Blind", False),
        ("Atomic", True),
    ],
)
def test_a_crash_at_any_moment(answer: Answer, kind: str, safe: bool) -> None:
    code = answer(TODO, data__keep="")
    todo = code.new(f"work:{kind}", "data/todo.json")
    todo.add("one")
    states = code.crash_states(todo, "add", ["two"], folder="data", within="work.py")
    assert len(states) >= 2
    seen = [reloaded(code.restored(state, "data"), kind) for state in states]
    assert all(items in (["one"], ["one", "two"]) for items in seen) is safe
    assert ["one"] in seen
    assert ["one", "two"] in seen


def test_states_without_end_are_a_failure(answer: Answer) -> None:
    code = answer(TODO, data__keep="")
    todo = code.new("work:Padded", "data/todo.json")
    with pytest.raises(CodeError, match=r"500 states|switched off"):
        code.crash_states(todo, "add", ["two"], folder="data", within="work.py")


def reloaded(code: Code, kind: str) -> object:
    try:
        return code.attr(code.new(f"work:{kind}", "data/todo.json"), "items")
    except CodeError:
        return "torn"


def test_torn_writes_are_made_only_of_writes_in_place() -> None:
    before, after = json.dumps([1]).encode(), json.dumps([1, 2]).encode()
    in_place = [{"a": (5, before)}, {"a": (5, after)}]
    assert crash_states(in_place) == [
        {"a": before},
        {"a": b""},
        {"a": after[:3]},
        {"a": after},
    ]
    renamed = [{"a": (5, before)}, {"a": (6, after)}]
    assert crash_states(renamed) == [{"a": before}, {"a": after}]


def test_virtual_time_jumps_from_timer_to_timer(answer: Answer) -> None:
    code = answer(LIMITERS)
    code.virtual_loop()
    calls: list[float] = []
    fetch = code.callback(lambda: calls.append(1), is_async=True)
    assert code.call("work:backoff", fetch) == [1, 2, 4, 8]
    assert code.loop_time() == 15
    assert len(calls) == 4
