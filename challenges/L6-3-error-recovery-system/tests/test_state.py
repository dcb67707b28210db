"""The state manager by itself: what it keeps, and what a kill may leave."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

m = SimpleNamespace(**run_path(str(Path(__file__).with_name("recovery_model.py"))))

FOLDER = "kept"
PATH = f"{FOLDER}/state.json"
SOURCE = "state_manager.py"
NAMES = ("a", "b.txt", "C-3")

SOME = {
    "items": {
        "a": {"status": "failed", "attempts": 3},
        "b.txt": {"status": "done", "attempts": 1},
        "c": {"status": "pending", "attempts": 2},
    },
    "totals": {"apples": -4, "pears": 7, "zero": 0},
}
CHANGES: list[tuple[Any, ...]] = [
    ("note_failure", "c"),
    ("restart", "a"),
    ("mark_done", "c", {"apples": 4, "plums": 1}),
    ("mark_corrupt", "new"),
    ("mark_failed", "c"),
]


def opened(code: Any) -> Any:
    return code.new("state_manager:StateManager", PATH)


def after(state: dict[str, Any], change: tuple[Any, ...]) -> dict[str, Any]:
    """The state after a change, as the page says."""
    then: dict[str, Any] = json.loads(json.dumps(state))
    verb, name, *more = change
    item = then["items"].setdefault(name, {"status": "pending", "attempts": 0})
    if verb == "note_failure":
        item["attempts"] += 1
    elif verb == "restart":
        item.update(status="pending", attempts=0)
    else:
        item["status"] = verb.removeprefix("mark_")
    for key, value in more[0].items() if more else ():
        then["totals"][key] = then["totals"].get(key, 0) + value
    return then


def check(kept: Any, state: dict[str, Any]) -> None:
    """The manager says what the state is."""
    for name in (*NAMES, *state["items"]):
        item = state["items"].get(name, {"status": "pending", "attempts": 0})
        assert same(kept.status(name), item["status"]), name
        assert same(kept.attempts(name), item["attempts"]), name
    assert kept.totals() == state["totals"]


def random_change(rng: Random) -> tuple[Any, ...]:
    verb = rng.choice([change[0] for change in CHANGES])
    counts = {rng.choice("xyz"): rng.choice((-9, -1, 0, 1, 10**18)) for _ in "ab"}
    return (verb, rng.choice(NAMES), *([counts] if verb == "mark_done" else []))


def test_without_a_file_nothing_has_been_done(code: Any, shell: Any) -> None:
    shell.write(f"{FOLDER}/other", "")
    check(opened(code), {"items": {}, "totals": {}})


def test_changes_are_kept_in_the_file(code: Any, shell: Any, rng: Random) -> None:
    shell.write(f"{FOLDER}/other", "")
    state: dict[str, Any] = {"items": {}, "totals": {}}
    kept = opened(code)
    for number in range(60):
        change = random_change(rng)
        verb, *arguments = change
        assert getattr(kept, verb)(*arguments) is None
        state = after(state, change)
        assert m.is_state(m.state_of(bytes(shell.read(PATH))), state), change
        if number % 3 == 0:
            kept = opened(code)
        check(kept, state)


def test_each_change_does_what_it_says_and_no_more(code: Any, shell: Any) -> None:
    for change in CHANGES:
        shell.write(PATH, json.dumps(SOME))
        kept = opened(code)
        check(kept, SOME)
        verb, *arguments = change
        getattr(kept, verb)(*arguments)
        state = after(SOME, change)
        check(kept, state)
        assert m.is_state(m.state_of(bytes(shell.read(PATH))), state), change


def test_reading_changes_nothing(code: Any, shell: Any) -> None:
    data = json.dumps(SOME, indent=3).encode()
    shell.write(PATH, data)
    kept = opened(code)
    kept.status("unknown")
    kept.attempts("unknown")
    assert kept.totals() == SOME["totals"]
    assert bytes(shell.read(PATH)) == data


def test_totals_are_a_new_dict(code: Any, shell: Any) -> None:
    shell.write(PATH, json.dumps(SOME))
    kept = opened(code)
    probe = code.define("def spoil(kept): kept.totals()['apples'] = 99")
    code.call(probe.spoil, kept)
    assert kept.totals() == SOME["totals"]


def test_counts_are_not_changed(code: Any, shell: Any) -> None:
    shell.write(PATH, json.dumps(SOME))
    kept = opened(code)
    counts = code.make({"pears": 1, "new": 2})
    kept.mark_done("c", counts)
    kept.mark_done("d", code.make({"new": 5}))
    assert code.plain(counts) == {"pears": 1, "new": 2}
    assert kept.totals() == {"apples": -4, "pears": 8, "zero": 0, "new": 7}


def test_what_is_no_state_is_refused_and_left(code: Any, shell: Any) -> None:
    whole = json.dumps(SOME).encode()
    bad = [b"", b" ", b"null", b"3", b"[]", b'"items totals"', b"{}", whole[:-1]]
    bad += [whole[: len(whole) // 2], whole + b"}", b'["items", "totals"]', b"\x00" * 9]
    bad += [b'{"items": {}}', b'{"totals": {}}', b'{"items": {}, "totals": null}']
    bad += [b'{"items": [], "totals": {}}', b'{"items": {}, "totals": 3}']
    bad += [b'{"items": {"\xff": {}}, "totals": {}}', b'{"items": null, "totals": {}}']
    for data in bad:
        shell.write(PATH, data)
        with code.raises("StateError"):
            opened(code)
        assert bytes(shell.read(PATH)) == data
        assert shell.list(FOLDER) == [PATH]


def test_the_file_is_as_before_or_after_a_change_at_any_moment(
    code: Any, shell: Any
) -> None:
    for change in CHANGES:
        shell.write(PATH, json.dumps(SOME))
        verb, *arguments = change
        found = code.crash_states(
            opened(code), verb, arguments, folder=FOLDER, within=SOURCE
        )
        states = [SOME, after(SOME, change)]
        seen = []
        for files in found:
            assert "state.json" in files, f"{verb}: for a moment there was no file"
            held = m.state_of(files["state.json"])
            seen.append([m.is_state(held, state) for state in states])
            assert any(seen[-1]), f"{verb}: for a moment the file held {held}"
        assert seen[0][0]
        assert seen[-1][1]


def test_the_first_change_is_whole_or_not_there(code: Any, shell: Any) -> None:
    shell.write(f"{FOLDER}/other", "")
    change = ("mark_done", "a", {"x": 1})
    found = code.crash_states(opened(code), change[0], change[1:], folder=FOLDER)
    nothing: dict[str, Any] = {"items": {}, "totals": {}}
    states = [nothing, after(nothing, change)]
    for files in found:
        if "state.json" in files:
            held = m.state_of(files["state.json"])
            assert any(m.is_state(held, state) for state in states), held
    assert "state.json" in found[-1]


def test_what_a_kill_leaves_hinders_nobody(code: Any, shell: Any) -> None:
    shell.write(PATH, json.dumps(SOME))
    change = CHANGES[2]
    found = code.crash_states(
        opened(code), change[0], change[1:], folder=FOLDER, within=SOURCE
    )
    for files in found:
        fresh = code.restored(files, FOLDER)
        kept = fresh.new("state_manager:StateManager", PATH)
        state = after(SOME, change) if kept.status("c") == "done" else SOME
        check(kept, state)
        kept.note_failure("later")
        state = after(state, ("note_failure", "later"))
        assert m.is_state(m.state_of(bytes(shell.read(PATH))), state)
