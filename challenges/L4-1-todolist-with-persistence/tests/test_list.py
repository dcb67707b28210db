"""The class ``TodoList`` and its file, used by one at a time."""

from __future__ import annotations

import json
from pathlib import Path
from runpy import run_path
from typing import Any

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

_shared = run_path(str(Path(__file__).with_name("todo_model.py")))
FOLDER, PATH, CHANGES = _shared["FOLDER"], _shared["PATH"], _shared["CHANGES"]
Model, some_list, state_of = (
    _shared["Model"],
    _shared["some_list"],
    _shared["state_of"],
)
open_list, random_text = _shared["open_list"], _shared["random_text"]

GOOD_TEXTS = ["x", " x", "x\n", "\r\n\u2003x y\t\u00a0", "a\x0b\x0c\x85\u2028b"]
GOOD_TEXTS += ["Zoë ✓ 😀", '"\\', "[x] 1"]
BAD_TEXTS = ["", " \t\n", "\u3000", "a\nb", "a\rb", " a\r\nb "]


def outcome(target: Any, change: tuple[Any, ...]) -> tuple[str, Any]:
    """What a call gives, or the kind of its error."""
    name, *arguments = change
    try:
        return "result", getattr(target, name)(*arguments)
    except (KeyError, ValueError) as error:
        return "error", type(error).__name__
    except CodeError as error:
        kinds = [kind for kind in ("KeyError", "ValueError") if error.is_a(kind)]
        if not kinds:
            raise
        return "error", kinds[0]


def random_change(rng: Any, model: Any) -> tuple[Any, ...]:
    kind = rng.choice(["add", "add", "add_all", "done", "remove"])
    if kind == "add":
        return "add", random_text(rng)
    if kind == "add_all":
        return "add_all", [random_text(rng) for _ in range(rng.randrange(1, 4))]
    ids = [item["id"] for item in model.items()]
    return kind, rng.choice([0, model.next_id, *ids, *ids])


def test_a_list_without_a_file_is_empty_and_makes_none(code: Any, shell: Any) -> None:
    shell.write(f"{FOLDER}/other", "")
    assert open_list(code).items() == []
    assert shell.list(FOLDER) == [f"{FOLDER}/other"]
    assert open_list(code).add("first") == 1
    assert state_of(shell.read(PATH)) == Model().after(("add", "first")).state


def test_calls_do_what_the_model_does(code: Any, shell: Any, rng: Any) -> None:
    shell.write(f"{FOLDER}/other", "")
    lists = [open_list(code), open_list(code), open_list(code.spawn())]
    model = Model()
    model.add("first")
    assert lists[0].add("first") == 1
    for _ in range(80):
        change = random_change(rng, model)
        expected = outcome(model, change)
        assert same(outcome(rng.choice(lists), change), expected), change
        assert same(rng.choice(lists).items(), model.items()), change
        assert same(state_of(shell.read(PATH)), model.state), change


def test_a_file_of_another_program_is_understood(code: Any, shell: Any) -> None:
    model = some_list()
    whole = {"items": model.items(), "next_id": 10}
    shell.write(PATH, "\r\n\t" + json.dumps(whole, indent=3, sort_keys=True) + "\n\n")
    todo = open_list(code)
    assert same(todo.items(), model.items())
    shell.write(PATH, Model(20, model.items()[:1]).data)
    assert same(todo.items(), model.items()[:1])
    assert todo.add("x") == 20


def test_ids_are_not_given_again(code: Any, shell: Any) -> None:
    shell.write(f"{FOLDER}/other", "")
    todo = open_list(code)
    assert todo.add_all(["a", "b", "c"]) == [1, 2, 3]
    todo.remove(3)
    assert open_list(code.spawn()).add("d") == 4
    for number in (1, 2, 4):
        todo.remove(number)
    code.kill()
    again = open_list(code.spawn())
    assert again.items() == []
    assert again.add("e") == 5
    assert state_of(shell.read(PATH))[0] == 6


def test_next_id_of_the_file_counts(code: Any, shell: Any) -> None:
    shell.write(PATH, Model(50).data)
    todo = open_list(code)
    assert todo.items() == []
    assert todo.add_all(["a", "b"]) == [50, 51]
    todo.remove(50)
    assert state_of(shell.read(PATH))[0] == 52
    assert todo.add("c") == 52


def test_a_good_text_is_stored_stripped(code: Any, shell: Any) -> None:
    for text in GOOD_TEXTS:
        shell.write(PATH, Model(3).data)
        todo = open_list(code)
        assert todo.add(text) == 3
        assert todo.add_all(["y", text]) == [4, 5]
        model = Model(3).after(("add_all", [text, "y", text]))
        assert same(todo.items(), model.items()), ascii(text)
        assert same(state_of(shell.read(PATH)), model.state), ascii(text)


def test_a_bad_text_is_refused(code: Any, shell: Any) -> None:
    before = some_list().data
    shell.write(PATH, before)
    todo = open_list(code)
    for text in BAD_TEXTS:
        with code.raises("ValueError"):
            todo.add(text)
        for texts in ([text, "good"], ["good", text], [text]):
            with code.raises("ValueError"):
                todo.add_all(texts)
        assert shell.read(PATH) == before, ascii(text)


def test_texts_may_be_readable_only_once(code: Any, shell: Any) -> None:
    shell.write(f"{FOLDER}/other", "")
    todo = open_list(code)
    assert todo.add_all(code.stream(["a", "b"])) == [1, 2]
    assert todo.add_all(("c",)) == [3]
    texts = [item["text"] for item in todo.items()]
    assert texts == ["a", "b", "c"]


def test_no_texts_no_ids(code: Any, shell: Any) -> None:
    model = some_list()
    shell.write(PATH, model.data)
    todo = open_list(code)
    assert same(todo.add_all([]), [])
    assert same(todo.add_all(code.stream([])), [])
    assert same(state_of(shell.read(PATH)), model.state)


def test_an_unknown_id_is_a_key_error(code: Any, shell: Any) -> None:
    shell.write(f"{FOLDER}/other", "")
    todo = open_list(code)
    for method in (todo.done, todo.remove):
        with code.raises("KeyError"):
            method(1)
    before = some_list().data
    shell.write(PATH, before)
    for number in (-1, 0, 1, 3, 5, 8, 9, 10):
        for method in (todo.done, todo.remove):
            with code.raises("KeyError"):
                method(number)
    assert shell.read(PATH) == before


def test_done_again_is_no_error(code: Any, shell: Any) -> None:
    shell.write(PATH, some_list().data)
    todo = open_list(code)
    assert [todo.done(7), todo.done(4), todo.done(4), todo.remove(7)] == [None] * 4
    assert same(todo.items(), [{"id": 4, "text": "four", "done": True}])


def test_the_path_may_be_path_like(code: Any, shell: Any) -> None:
    shell.write(PATH, some_list().data)
    assert open_list(code, Path(PATH)).add("x") == 10
    assert len(open_list(code, f"./{PATH}").items()) == 3


def test_nothing_else_is_left_in_the_folder(code: Any, shell: Any) -> None:
    shell.write(PATH, some_list().data)
    todo = open_list(code)
    for change in CHANGES.values():
        outcome(todo, change)
    for change in (("add", ""), ("add_all", ["a", ""]), ("done", 1), ("remove", 1)):
        assert outcome(todo, change)[0] == "error"
    todo.items()
    assert shell.list(FOLDER) == [PATH, f"{PATH}.lock"]
