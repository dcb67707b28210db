"""Several at once: processes, threads, commands, and programs of others."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from pytest_overnight.grading import same

_shared = run_path(str(Path(__file__).with_name("todo_model.py")))
FOLDER, PATH, SOURCE = _shared["FOLDER"], _shared["PATH"], _shared["SOURCE"]
CHANGES, Model, some_list = _shared["CHANGES"], _shared["Model"], _shared["some_list"]
state_of, open_list = _shared["state_of"], _shared["open_list"]
moments, unhindered = _shared["moments"], _shared["unhindered"]

LOCK = f"{PATH}.lock"


class Lock:
    """The lock file, opened by another program that follows the instruction."""

    def __init__(self, clean: Any, path: str = LOCK) -> None:
        self._clean = clean
        self._file = clean.call("os:open", path, os.O_RDWR | os.O_CREAT, 0o666)

    @contextmanager
    def held(self) -> Iterator[None]:
        self._clean.call("fcntl:flock", self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            self._clean.call("fcntl:flock", self._file, fcntl.LOCK_UN)


def test_a_change_waits_for_the_lock_and_then_reads(
    code: Any, clean: Any, shell: Any
) -> None:
    shell.write(f"{FOLDER}/other", "")
    lock, todo, other = Lock(clean), open_list(code), some_list()
    unhindered(code, todo.add, "x")
    for name, (method, *arguments) in CHANGES.items():
        shell.write(PATH, Model(2).data)
        with code.crew() as crew:
            with lock.held():
                job = crew.start(getattr(todo, method), *arguments)
                crew.settle()
                assert not job.done, f"{name} did not wait for the lock"
                assert state_of(shell.read(PATH)) == (2, [])
                shell.write(PATH, other.data)
            job.result()
        assert same(state_of(shell.read(PATH)), other.after(CHANGES[name]).state)


def test_reading_does_not_wait(code: Any, clean: Any, shell: Any) -> None:
    model = some_list()
    shell.write(PATH, model.data)
    todo, empty = open_list(code), open_list(code, f"{FOLDER}/empty")
    with (
        Lock(clean).held(),
        Lock(clean, f"{FOLDER}/empty.lock").held(),
        code.crew() as crew,
    ):
        jobs = [crew.start(todo.items), crew.start(empty.items)]
        crew.settle()
        done = [job.done for job in jobs]
        if done != [True, True]:
            code.kill()  # they would wait for the rest of the test's time
        assert done == [True, True]
        assert same([job.result() for job in jobs], [model.items(), []])


def test_the_lock_file_is_never_replaced(code: Any, clean: Any, shell: Any) -> None:
    shell.write(PATH, some_list().data)
    lock, todo = Lock(clean), open_list(code)
    unhindered(code, todo.add, "x")
    with code.raises("KeyError"):
        todo.remove(1)
    assert shell.exists(LOCK)
    with code.crew() as crew, lock.held():
        job = crew.start(todo.add, "y")
        crew.settle()
        assert not job.done, "the lock file is no longer the one it was"


def adds_meet(
    code: Any, at_each: list[int], make: Callable[[], Any], other: Any, theirs: Any
) -> Iterator[tuple[Any, Any]]:
    """``add("a")`` stops at each of these opcodes; meanwhile the other adds ``"b"``.

    ``make`` gives the list for ``code``, fresh each time; ``theirs`` is the list used
    in ``other``, the same child or another one. Yields the two ids.
    """
    met = 0
    for at in at_each:
        todo = make()
        gate, moved = code.gate(), threading.Event()

        def hold(gate: Any = gate, moved: Any = moved) -> None:
            moved.set()
            gate.wait()

        with code.crew() as crew, other.crew() as others:
            stop = code.callback(hold, name="hold")
            one = crew.start(code.traced, todo, ("add", "a"), SOURCE, at, stop)
            while not moved.is_set() and not one.done:
                moved.wait(0.005)
            if one.done:
                one.result()  # its error, or it was shorter than before
                continue
            met += 1
            two = others.start(theirs.add, "b")
            if not two.ended_within(0.02):
                others.settle()
            gate.open()
            yield one.result(), two.result()
    assert met >= 4, "too few stops were seen"


@pytest.mark.parametrize("who", ["processes", "objects", "threads"])
def test_two_who_add_at_once_lose_nothing(code: Any, shell: Any, who: str) -> None:
    model = some_list()

    def make() -> Any:
        shell.write(PATH, model.data)
        return todo if who == "threads" else open_list(code)

    todo = open_list(code)
    other = code.spawn() if who == "processes" else code
    theirs = todo if who == "threads" else open_list(other)
    at_each = moments(code, shell, make, ("add", "a"))
    for ids in adds_meet(code, at_each, make, other, theirs):
        assert sorted(ids) == [10, 11], ids
        texts = {ids[0]: "a", ids[1]: "b"}
        new = [{"id": n, "text": texts[n], "done": False} for n in (10, 11)]
        held = state_of(shell.read(PATH))
        assert same(held, (12, [*model.items(), *new]))


def test_lists_with_other_endings_are_apart(code: Any, shell: Any) -> None:
    paths = [f"{FOLDER}/home.json", f"{FOLDER}/home.txt"]
    models = [some_list(), Model(90)]
    other = code.spawn()

    def make() -> Any:
        for path, model in zip(paths, models, strict=True):
            shell.write(path, model.data)
        return open_list(code, paths[0])

    at_each = moments(code, shell, make, ("add", "a"), paths[0])
    for ids in adds_meet(code, at_each, make, other, open_list(other, paths[1])):
        assert ids == (10, 90)
        for path, model, text in zip(paths, models, "ab", strict=True):
            after = model.after(("add", text))
            assert same(state_of(shell.read(path)), after.state)


def test_lists_do_not_wait_for_one_another(code: Any, clean: Any, shell: Any) -> None:
    shell.write(f"{FOLDER}/other", "")
    todo = open_list(code, f"{FOLDER}/home.txt")
    locks = [Lock(clean, f"{FOLDER}/{name}.lock") for name in ("home.json", "home")]
    with code.crew() as crew, locks[0].held(), locks[1].held():
        job = crew.start(todo.add, "x")
        crew.settle()
        if not job.done:
            code.kill()  # it would wait for the rest of the test's time
        assert job.done, "it waits for the lock of another list"
        assert job.result() == 1


def test_many_processes_and_threads_lose_nothing(code: Any, shell: Any) -> None:
    shell.write(PATH, Model().data)

    def work(todo: Any, mark: str) -> list[tuple[int, str]]:
        given = []
        for number in range(10):
            texts = [f"{mark} {number} {part}" for part in range(2)]
            given += zip(todo.add_all(texts), texts, strict=True)
        todo.remove(given[0][0])
        todo.done(given[1][0])
        return given[1:]

    with ExitStack() as crews:
        jobs = []
        for number in range(3):
            child = code.spawn()
            crew, todo = crews.enter_context(child.crew()), open_list(child)
            for thread in "ab":
                jobs.append(crew.start(work, todo, f"worker {number}{thread}"))
        given = [job.result() for job in jobs]
    done = {pairs[0][0] for pairs in given}
    rows = sorted(pair for pairs in given for pair in pairs)
    expected = [{"id": n, "text": text, "done": n in done} for n, text in rows]
    assert len({number for number, _ in rows}) == len(rows)
    assert same(state_of(shell.read(PATH)), (121, expected))


def test_commands_at_once_lose_nothing(shell: Any) -> None:
    shell.write(PATH, Model().data)
    start = f"python todo.py --file {PATH} add"
    script = "".join(f"{start} 'text {n}' & " for n in range(6)) + "wait"
    printed = sorted(shell.run(script).text.splitlines())
    assert printed == [f"added {number}" for number in range(1, 7)]
    next_id, items = state_of(shell.read(PATH))
    assert next_id == 7
    assert sorted(item["text"] for item in items) == [f"text {n}" for n in range(6)]
