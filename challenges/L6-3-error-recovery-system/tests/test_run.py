"""Runs of the processor that nothing interrupts."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

m = SimpleNamespace(**run_path(str(Path(__file__).with_name("recovery_model.py"))))

GOOD = m.file_of([("apples", 2), ("pears", -1)])
OTHER = m.file_of([("apples", 5)])
BAD = GOOD.replace(b"2", b"3", 1)


def check(
    code: Any,
    shell: Any,
    names: list[str],
    network: Any,
    model: Any,
    *,
    processor: Any = None,
) -> dict[str, Any]:
    """One run, against the model, by all that can be seen of it."""
    own = network.copy()
    expected = model.run(names, own)
    if processor is None:
        processor = m.make(code, network, policy=m.policy_of(code, model))
    found = processor.run(names)
    assert network.seen == own.seen
    assert same(found, expected)
    on_disk(shell, model)
    result: dict[str, Any] = found
    return result


def on_disk(shell: Any, model: Any) -> None:
    """State, log and quarantine are the model's."""
    if model.items:
        assert m.is_state(m.state_of(bytes(shell.read(m.STATE))), model.state)
    data = bytes(shell.read(m.LOG)) if shell.exists(m.LOG) else b""
    assert m.log_of(data) == model.log
    assert aside(shell) == {n: sha256(d).hexdigest() for n, d in model.aside.items()}
    folders = ("state.json", "errors.jsonl", "quarantine/")
    known = tuple(f"{m.FOLDER}/{name}" for name in folders)
    assert all(path.startswith(known) for path in shell.list(m.FOLDER))


def aside(shell: Any) -> dict[str, str]:
    """The files in quarantine, with their digests."""
    lines = shell.run(f"cd {m.FOLDER}/quarantine && sha256sum *").text.splitlines()
    return {name: digest for digest, _, name in (x.partition("  ") for x in lines)}


def test_runs_agree_with_the_model(code: Any, shell: Any, rng: Random) -> None:
    model = m.Model(
        attempts=rng.choice((2, 3)), base=0.25, cap=rng.choice((0.25, 0.4, 9))
    )
    network = m.Network(m.random_script(rng, 16))
    names = list(network.script)
    for chosen in (names[:9], names, names[4:]):
        network.seen.clear()
        check(code, shell, chosen, network, model)


def test_one_processor_may_run_again_and_again(
    code: Any, shell: Any, rng: Random
) -> None:
    model = m.Model()
    network = m.Network(m.random_script(rng, 6))
    processor = m.make(code, network)
    for chosen in (list(network.script), [], list(network.script)[::-1]):
        network.seen.clear()
        check(code, shell, chosen, network, model, processor=processor)


def test_a_passing_error_is_retried_with_growing_delays(code: Any) -> None:
    lost = [TimeoutError("slow"), ConnectionError("lost"), BrokenPipeError("pipe")]
    network = m.Network({"a": [*lost, GOOD]})
    found = m.make(code, network).run(["a"])
    assert found["done"] == ["a"]
    assert network.slept() == [0.5, 1.0, 2.0]
    assert [verb for verb, _ in network.seen] == ["fetch", "sleep"] * 3 + ["fetch"]


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_a_file_gets_so_many_attempts_and_no_more(code: Any, attempts: int) -> None:
    network = m.Network({"a": [ConnectionResetError("x")], "b": [GOOD]})
    policy = code.new("error_handler:RetryPolicy", attempts, 1, 4)
    found = m.make(code, network, policy=policy).run(["a", "b"])
    assert (found["failed"], found["done"]) == (["a"], ["b"])
    assert network.fetched() == ["a"] * attempts + ["b"]
    assert network.slept() == [1, 2, 4, 4][: attempts - 1]


def test_other_errors_are_not_retried(code: Any, shell: Any) -> None:
    names = [kind.__name__ for kind in m.FATAL]
    script = {k.__name__: [TimeoutError("1"), k("2"), GOOD] for k in m.FATAL}
    network = m.Network({**script, "last": [OTHER]})
    found = m.make(code, network).run([*names, "last"])
    assert (found["failed"], found["done"]) == (names, ["last"])
    assert network.fetched() == [name for name in names for _ in "12"] + ["last"]
    assert found["totals"] == {"apples": 5}
    entries = m.entries_of(bytes(shell.read(m.LOG)))
    facts = [(entry["attempt"], entry["kind"], entry["type"]) for entry in entries]
    assert facts[::2] == [(1, "timeout", "TimeoutError")] * len(names)
    assert facts[1::2] == [(2, "fatal", name) for name in names]


def test_every_error_is_in_the_log(code: Any, shell: Any) -> None:
    script = {"a": [TimeoutError("one"), TimeoutError("two")], "b": [BAD]}
    script["c"] = [ConnectionError("three"), OSError("four")]
    network = m.Network(script)
    policy = code.new("error_handler:RetryPolicy", 2, 1, 8)
    m.make(code, network, policy=policy).run(["a", "b", "c"])
    entries = m.entries_of(bytes(shell.read(m.LOG)))
    told = [(e["name"], e["attempt"], e["kind"], e["at"]) for e in entries]
    assert told == [
        ("a", 1, "timeout", 1001.0),
        ("a", 2, "timeout", 1003.0),
        ("b", 1, "corrupt", 1004.0),
        ("c", 1, "connection", 1005.0),
        ("c", 2, "fatal", 1007.0),
    ]
    assert [
        e["message"] for e in entries if e["name"] != "b"
    ] == "one two three four".split()


def test_corrupt_bytes_are_set_aside_as_they_are(
    code: Any, shell: Any, rng: Random
) -> None:
    noise = bytes(rng.choices(range(256), k=300)) + b"\r\n\xff\x00"
    shell.write(f"{m.FOLDER}/quarantine/pears", b"an older one, which was longer" * 40)
    network = m.Network({"pears": [TimeoutError("x"), noise], "apples": [b""]})
    found = m.make(code, network).run(["pears", "apples"])
    assert found["corrupt"] == ["pears", "apples"]
    assert bytes(shell.read(f"{m.FOLDER}/quarantine/pears")) == noise
    assert bytes(shell.read(f"{m.FOLDER}/quarantine/apples")) == b""
    assert network.fetched() == ["pears", "pears", "apples"]
    entries = m.entries_of(bytes(shell.read(m.LOG)))
    assert [entry["attempt"] for entry in entries] == [1, 2, 1]


def test_only_failed_files_are_fetched_again(code: Any) -> None:
    script = {"good": [GOOD], "bad": [BAD], "gone": [OSError("x"), OTHER]}
    script["slow"] = [TimeoutError("x")] * 4 + [TimeoutError("y"), OTHER]
    network = m.Network(script)
    names = ["slow", "good", "bad", "gone"]
    first = m.make(code, network).run(names)
    assert (first["failed"], first["totals"]) == (
        ["slow", "gone"],
        {"apples": 2, "pears": -1},
    )
    network.seen.clear()
    second = m.make(code, network).run(names)
    assert (second["done"], second["corrupt"]) == (["slow", "good", "gone"], ["bad"])
    assert second["totals"] == {"apples": 12, "pears": -1}
    assert network.seen == [
        ("fetch", "slow"),
        ("sleep", 0.5),
        ("fetch", "slow"),
        ("fetch", "gone"),
    ]


def test_pending_attempts_count(code: Any, shell: Any) -> None:
    items = {n: {"status": "pending", "attempts": int(n)} for n in "12345"}
    state = {"items": items, "totals": {"apples": 1}}
    shell.write(m.STATE, json.dumps(state))
    network = m.Network({name: [TimeoutError("x")] for name in "1245"} | {"3": [GOOD]})
    found = m.make(code, network).run("54321")
    assert (found["failed"], found["done"]) == (["5", "4", "2", "1"], ["3"])
    assert found["totals"] == {"apples": 3, "pears": -1}
    assert network.fetched() == ["3", "2", "2", "1", "1", "1"]
    assert network.slept() == [2, 1, 2, 0.5, 1, 2]


def test_totals_are_of_all_files_lists_of_those_named(code: Any) -> None:
    network = m.Network({"a": [GOOD], "b": [OTHER], "c": [BAD], "d": [OTHER]})
    processor = m.make(code, network)
    processor.run(["a", "c"])
    found = processor.run(["d", "a"])
    expected = {"done": ["d", "a"], "corrupt": [], "failed": []}
    assert same(found, {**expected, "totals": {"apples": 7, "pears": -1}})


def test_names_come_from_any_iterable_and_count_once(code: Any) -> None:
    network = m.Network({"b": [GOOD], "a": [OSError("x")]})
    names = code.stream(["b", "a", "b", "a", "a"])
    found = m.make(code, network).run(names)
    assert (found["done"], found["failed"]) == (["b"], ["a"])
    assert network.fetched() == ["b", "a"]


def test_no_names_nothing_to_do(code: Any) -> None:
    network = m.Network({})
    nothing = {"done": [], "corrupt": [], "failed": [], "totals": {}}
    assert same(m.make(code, network).run([]), nothing)
    assert same(m.make(code, network).run(code.stream([])), nothing)
    assert network.seen == []


def test_the_folder_is_made_with_its_parents(code: Any, shell: Any) -> None:
    for folder in ("new/er/folder", Path("of/another")):
        network = m.Network({"good": [BAD], "b": [GOOD]})
        m.make(code, network, folder=folder).run(["good", "b"])
        made = {
            f"{folder}/{n}" for n in ("errors.jsonl", "quarantine/good", "state.json")
        }
        assert made == set(shell.list(str(folder)))


def test_a_bad_state_file_is_refused(code: Any, shell: Any) -> None:
    shell.write(m.STATE, b'{"items": ')
    with code.raises("StateError"):
        m.make(code, m.Network({}))
    assert bytes(shell.read(m.STATE)) == b'{"items": '


def test_the_processor_uses_its_two_modules(code: Any) -> None:
    m.make(code, m.Network({}))
    assert set(m.MODULES) <= set(code.imported())
