"""Files that hold no list: set aside, said, never lost."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from pytest_overnight.grading import same

_shared = run_path(str(Path(__file__).with_name("todo_model.py")))
FOLDER, PATH, CHANGES = _shared["FOLDER"], _shared["PATH"], _shared["CHANGES"]
Model, some_list, state_of = (
    _shared["Model"],
    _shared["some_list"],
    _shared["state_of"],
)
open_list, unhindered = _shared["open_list"], _shared["unhindered"]


def item(id: Any = 1, text: Any = "x", done: Any = False, **more: Any) -> Any:
    return {"id": id, "text": text, "done": done, **more}


def whole(items: Any, next_id: Any = 9, **more: Any) -> Any:
    return {"next_id": next_id, "items": items, **more}


NOT_JSON = {
    "empty": b"",
    "a line break": b"\n",
    "zero bytes": bytes(64),
    "no JSON": b"next_id: 1",
    "two lists": json.dumps(whole([])).encode() * 2,
    "Latin-1": json.dumps(whole([item(text="é")]), ensure_ascii=False).encode(
        "latin-1"
    ),
    "UTF-16": json.dumps(whole([])).encode("utf-16"),
}
NO_LIST = {
    "null": None,
    "a number": 7,
    "an array": [],
    "an array of items": [item()],
    "an empty object": {},
    "no next_id": {"items": []},
    "no items": {"next_id": 1},
    "another key": whole([], version=1),
    "items is null": whole(None),
    "items is an object": whole({}),
    "next_id is zero": whole([], 0),
    "next_id is true": whole([], True),
    "next_id is a float": whole([], 1.0),
    "next_id is a text": whole([], "1"),
    "next_id is null": whole([], None),
    "next_id is taken": whole([item(3)], 3),
    "next_id is too low": whole([item(3), item(5)], 4),
    "an item is null": whole([item(), None]),
    "an item is an array": whole([[1, "x", False]]),
    "an item without text": whole([{"id": 1, "done": False}]),
    "an item without done": whole([{"id": 1, "text": "x"}]),
    "an item with another key": whole([item(due=None)]),
    "an id is zero": whole([item(0)]),
    "an id is negative": whole([item(-3)]),
    "an id is true": whole([item(True)]),
    "an id is a float": whole([item(1.0)]),
    "an id is a text": whole([item("1")]),
    "an id is null": whole([item(None)]),
    "two equal ids": whole([item(2), item(2)]),
    "ids fall": whole([item(1), item(4), item(3)]),
    "text is null": whole([item(text=None)]),
    "text is a number": whole([item(text=1)]),
    "text is an array": whole([item(text=["x"])]),
    "done is a number": whole([item(done=1)]),
    "done is null": whole([item(done=None)]),
    "done is a text": whole([item(done="false")]),
}
SOUND = {
    "no items": whole([], 1),
    "no items any more": whole([], 100),
    "one item": whole([item(1)], 2),
    "gaps": whole([item(3), item(4), item(1000, done=True)], 1001),
    "a large id": whole([item(10**12)], 10**30),
    "texts that add refuses": whole([item(1, ""), item(2, " x "), item(3, "a\nb")]),
    "another alphabet": whole([item(text="Зоя ✓ 😀")]),
}


def said(path: str, number: int) -> str:
    return f"todo: {path} is corrupt, moved to {path}.corrupt-{number}\n"


def assert_set_aside(code: Any, shell: Any, path: str, data: bytes) -> None:
    """``items()`` gives none, moves the file and says so, once."""
    shell.write(path, data)
    todo = open_list(code, path)
    assert same(unhindered(code, todo.items), []), data[:200]
    assert code.output("err") == said(path, 1), data[:200]
    assert shell.read(f"{path}.corrupt-1") == data
    assert same(todo.items(), [])
    assert code.output("err") == ""
    assert not shell.exists(f"{path}.corrupt-2")


def test_what_is_no_json_is_set_aside(code: Any, shell: Any) -> None:
    for number, data in enumerate(NOT_JSON.values()):
        assert_set_aside(code, shell, f"{FOLDER}/{number}", data)


def test_what_is_no_list_is_set_aside(code: Any, shell: Any) -> None:
    for number, content in enumerate(NO_LIST.values()):
        data = json.dumps(content).encode()
        assert_set_aside(code, shell, f"{FOLDER}/{number}", data)


def test_torn_files_are_set_aside(code: Any, shell: Any, rng: Any) -> None:
    model = Model()
    model.add_all([f"item {number} é" for number in range(rng.randrange(2, 9))])
    data = model.data
    sizes = [1, len(data) - 1, *(rng.randrange(2, len(data) - 1) for _ in "123")]
    for number, size in enumerate(sizes):
        assert_set_aside(code, shell, f"{FOLDER}/head-{number}", data[:size])
        assert_set_aside(code, shell, f"{FOLDER}/tail-{number}", data[-size:])


def test_sound_files_are_left_alone(code: Any, shell: Any) -> None:
    for number, (kind, content) in enumerate(SOUND.items()):
        path = f"{FOLDER}/sound-{number}"
        data = json.dumps(content, ensure_ascii=number % 2 == 0).encode()
        shell.write(path, data)
        todo = open_list(code, path)
        assert same(todo.items(), content["items"]), kind
        assert shell.read(path) == data
        assert todo.add("new") == content["next_id"], kind
        new = item(content["next_id"], "new")
        held = (content["next_id"] + 1, [*content["items"], new])
        assert same(state_of(shell.read(path)), held), kind
    assert code.output("err") == ""
    assert not [name for name in shell.list(FOLDER) if ".corrupt-" in name]


def test_every_change_may_meet_a_corrupt_file(code: Any, shell: Any) -> None:
    data = b'{"next_id": 10, "items": ['
    for name, (method, *arguments) in CHANGES.items():
        path = f"{FOLDER}/{name}"
        shell.write(path, data)
        call = getattr(open_list(code, path), method)
        if name in ("done", "remove"):
            with code.raises("KeyError"):
                unhindered(code, call, *arguments)
        else:
            given = getattr(Model(), method)(*arguments)
            assert same(unhindered(code, call, *arguments), given)
            held = state_of(shell.read(path))
            assert same(held, Model().after(CHANGES[name]).state)
        assert code.output("err") == said(path, 1)
        assert shell.read(f"{path}.corrupt-1") == data


def test_what_was_set_aside_before_is_kept(code: Any, shell: Any) -> None:
    for number, data in ((1, b"one"), (3, b""), (10, b"ten")):
        shell.write(f"{PATH}.corrupt-{number}", data)
    todo = open_list(code)
    for number in (2, 4, 5):
        shell.write(PATH, b"bad %d" % number)
        assert todo.items() == []
        assert code.output("err") == said(PATH, number)
    kept = [shell.read(f"{PATH}.corrupt-{n}") for n in (1, 2, 3, 4, 5, 10)]
    assert kept == [b"one", b"bad 2", b"", b"bad 4", b"bad 5", b"ten"]


def test_the_path_is_said_as_it_was_given(code: Any, shell: Any) -> None:
    shell.write(PATH, b"?")
    path = f"./{FOLDER}/../{PATH}"
    assert open_list(code, path).items() == []
    assert code.output("err") == said(path, 1)
    shell.write(PATH, b"?")
    assert unhindered(code, open_list(code, Path(PATH)).add, "x") == 1
    assert code.output("err") == said(PATH, 2)


@pytest.mark.parametrize("method", ["items", "add"])
def test_a_file_mended_meanwhile_is_used(
    code: Any, clean: Any, shell: Any, method: str
) -> None:
    model, todo = some_list(), open_list(code)
    arguments = ["x"] * (method == "add")
    shell.write(PATH, b"[")
    lock = clean.call("os:open", f"{PATH}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    unhindered(code, getattr(todo, method), *arguments)
    assert code.output("err") == said(PATH, 1)
    shell.write(PATH, b"{")
    clean.call("fcntl:flock", lock, fcntl.LOCK_EX)
    with code.crew() as crew:
        job = crew.start(getattr(todo, method), *arguments)
        crew.settle()
        assert not job.done, "it did not wait for the lock"
        assert shell.read(PATH) == b"{"
        shell.write(PATH, model.data)
        clean.call("fcntl:flock", lock, fcntl.LOCK_UN)
        assert same(job.result(), model.items() if method == "items" else 10)
    after = model if method == "items" else model.after(("add", "x"))
    assert same(state_of(shell.read(PATH)), after.state)
    assert code.output("err") == ""
    assert not shell.exists(f"{PATH}.corrupt-2")


def test_a_folder_is_not_corrupt(code: Any, shell: Any) -> None:
    shell.write(f"{PATH}/inside", b"kept")
    with code.raises("OSError"):
        open_list(code).items()
    with code.raises("OSError"):
        open_list(code).add("x")
    names = shell.list(FOLDER)
    assert f"{PATH}/inside" in names
    assert not [name for name in names if ".corrupt-" in name]
    assert code.output("err") == ""
