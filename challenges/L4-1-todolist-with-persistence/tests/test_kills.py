"""A kill at any moment: the list is as before the change or as after it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from runpy import run_path
from typing import Any

from pytest_overnight.grading import CodeGone
from pytest_overnight.grading import same

_shared = run_path(str(Path(__file__).with_name("todo_model.py")))
FOLDER, PATH, SOURCE = _shared["FOLDER"], _shared["PATH"], _shared["SOURCE"]
CHANGES, Model, some_list = _shared["CHANGES"], _shared["Model"], _shared["some_list"]
state_of, open_list = _shared["state_of"], _shared["open_list"]
moments, unhindered = _shared["moments"], _shared["unhindered"]

NAME = PATH.removeprefix(f"{FOLDER}/")


def bytes_at(shell: Any, path: str) -> bytes | None:
    return bytes(shell.read(path)) if shell.exists(path) else None


def crash_states(code: Any, change: tuple[Any, ...]) -> Any:
    name, *arguments = change
    return unhindered(
        code,
        lambda: code.crash_states(
            open_list(code), name, arguments, folder=FOLDER, within=SOURCE
        ),
    )


def goes_on(code: Any, models: list[Any]) -> None:
    """The list is one of the models and can be changed; nothing is complained of."""
    todo = open_list(code)
    items = todo.items()
    fitting = [model for model in models if same(items, model.items())]
    assert fitting, f"the list holds neither the old nor the new: {items}"
    number = todo.add("later")
    assert number in [model.next_id for model in fitting]
    assert same(todo.items(), [*items, {"id": number, "text": "later", "done": False}])
    assert code.output("err") == ""


def test_the_file_is_the_old_or_the_new_list_at_any_moment(
    code: Any, shell: Any
) -> None:
    before = some_list()
    for name, change in CHANGES.items():
        models = [before, before.after(change)]
        shell.write(PATH, before.data)
        seen = []
        for state in crash_states(code, change):
            assert NAME in state, f"{name}: for a moment there was no file"
            held = state_of(state[NAME])
            seen.append([bool(same(held, model.state)) for model in models])
            assert any(seen[-1]), f"{name}: for a moment the file held {held}"
        assert seen[0][0]
        assert seen[-1][1]


def test_after_a_kill_the_list_can_be_used(code: Any, shell: Any) -> None:
    before = some_list()
    models = [before, before.after(CHANGES["add_all"])]
    shell.write(PATH, before.data)
    for state in crash_states(code, CHANGES["add_all"]):
        fresh = code.restored(state, FOLDER)
        unhindered(fresh, goes_on, fresh, models)


def test_a_kill_in_the_first_change_leaves_no_list_or_the_new_one(
    code: Any, shell: Any
) -> None:
    shell.write(f"{FOLDER}/other", "")
    models = [Model(), Model().after(CHANGES["add_all"])]
    found = crash_states(code, CHANGES["add_all"])
    assert NAME in found[-1]
    for state in found:
        fresh = code.restored(state, FOLDER)
        unhindered(fresh, goes_on, fresh, models)
        if NAME in state:
            held = state_of(state[NAME])
            assert any(same(held, model.state) for model in models), held


def test_setting_aside_loses_no_byte_at_any_moment(code: Any, shell: Any) -> None:
    corrupt = some_list().data[:-9]
    for change in (("items",), ("add", "x")):
        shell.write(PATH, corrupt)
        found = crash_states(code, change)
        assert len(found) > 1
        for state in found:
            names = [n for n in state if n == NAME or n.startswith(f"{NAME}.corrupt-")]
            assert corrupt in [state[name] for name in names], change


def test_after_a_kill_while_setting_aside_all_is_kept(code: Any, shell: Any) -> None:
    corrupt = some_list().data[:-9]
    models = [Model(), Model().after(("add", "x"))]
    shell.write(PATH, corrupt)
    for state in crash_states(code, ("add", "x")):
        fresh = code.restored(state, FOLDER)
        todo = open_list(fresh)
        items = unhindered(fresh, todo.items)
        assert any(same(items, model.items()) for model in models), items
        assert todo.add("later") == len(items) + 1
        kept = [bytes_at(shell, f"{PATH}.corrupt-{n}") for n in range(1, 4)]
        assert corrupt in kept


def test_a_killed_program_holds_nobody_up(code: Any, shell: Any) -> None:
    before = some_list()
    change = CHANGES["add_all"]
    models = [before, before.after(change)]

    def make() -> Any:
        shell.write(PATH, before.data)
        return open_list(code)

    killed = 0
    for at in moments(code, shell, make, change):
        shell.write(PATH, before.data)
        victim = code.spawn()
        kill = victim.callback(victim.kill, name="kill")
        with contextlib.suppress(CodeGone):
            victim.traced(open_list(victim), change, SOURCE, at, kill)
        killed += not victim.alive
        unhindered(code, goes_on, code, models)
    assert killed >= 4, "too few stops were seen"
