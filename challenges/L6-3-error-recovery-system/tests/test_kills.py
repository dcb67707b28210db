"""Interrupts and kills: the next processor goes on where this one ended."""

from __future__ import annotations

import contextlib
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import CodeGone

m = SimpleNamespace(**run_path(str(Path(__file__).with_name("recovery_model.py"))))

GOOD = m.file_of([("apples", 2), ("pears", -1)])
OTHER = m.file_of([("apples", 5), ("plums", 1)])
BAD = GOOD.replace(b"2", b"3", 1)
NAMES = ["good", "bad", "slow", "last", "gone"]
"""A failed file would begin anew after an interrupt: it is the last one."""


def some_network() -> Any:
    slow = [TimeoutError("one"), ConnectionResetError("two"), OTHER]
    script = {"good": [GOOD], "bad": [BAD], "slow": slow, "last": [OTHER]}
    return m.Network({**script, "gone": [TimeoutError("three"), OSError("four")]})


def log_at(shell: Any) -> list[dict[str, Any]]:
    return m.entries_of(bytes(shell.read(m.LOG))) if shell.exists(m.LOG) else []


def same_in_the_end(found: Any, shell: Any) -> None:
    """What a run without a kill would have left, but for lines that came twice."""
    network, model = some_network(), m.Model()
    assert found == model.run(NAMES, network)
    assert m.is_state(m.state_of(bytes(shell.read(m.STATE))), model.state)
    assert bytes(shell.read(f"{m.FOLDER}/quarantine/bad")) == BAD
    data = bytes(shell.read(m.LOG))
    lines = {facts(entry) for entry in m.log_of(data, torn=1)}
    assert lines == {facts(entry) for entry in model.log}


def facts(entry: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(entry[key] for key in ("name", "attempt", "kind", "type"))


@pytest.mark.parametrize("verb", ["fetch", "sleep", "clock"])
def test_an_interrupt_goes_to_the_caller(code: Any, shell: Any, verb: str) -> None:
    network = m.Network({"a": [TimeoutError("x"), GOOD], "b": [GOOD]})

    def stop(*_: Any) -> None:
        raise code.error("KeyboardInterrupt", "stop")

    setattr(network, verb, stop)
    given = {
        name: code.callback(getattr(network, name), raises=m.RAISED)
        for name in ("fetch", "sleep", "clock")
    }
    fetch = given.pop("fetch")
    processor = code.new("processor:Processor", m.FOLDER, fetch, **given)
    with pytest.raises(CodeError) as caught:
        processor.run(["a", "b"])
    assert caught.value.type == "KeyboardInterrupt"
    assert len(network.seen) == (verb != "fetch")
    noted = [facts(entry) for entry in log_at(shell)]
    assert noted == [("a", 1, "timeout", "TimeoutError")] * (verb == "sleep")


def asked_of(network: Any, at: int, stop: Any) -> Any:
    """The network, but that ``stop()`` comes instead of what it is asked then."""
    left = [at]

    def instead(verb: Any) -> Any:
        def ask(argument: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                return stop()
            return verb(argument)

        return ask

    fetch, sleep = instead(network.fetch), instead(network.sleep)
    return SimpleNamespace(fetch=fetch, sleep=sleep, clock=network.clock)


def goes_on(code: Any, shell: Any, network: Any) -> None:
    """Nothing is fetched twice, nothing that had gone wrong is forgotten."""
    found = m.make(code, network).run(NAMES)
    same_in_the_end(found, shell)
    own = some_network()
    m.Model().run(NAMES, own)
    assert network.fetched() == own.fetched()
    assert len(log_at(shell)) == 5


def test_after_an_interrupt_the_next_processor_goes_on(code: Any, shell: Any) -> None:
    def interrupt() -> None:
        raise code.error("KeyboardInterrupt")

    for at in range(1, 12):
        shell.run(["rm", "-rf", m.FOLDER])
        network = some_network()
        stopped = m.make(code, asked_of(network, at, interrupt))
        with pytest.raises(CodeError):
            stopped.run(NAMES)
        goes_on(code, shell, network)


def test_after_a_kill_the_next_processor_goes_on(code: Any, shell: Any) -> None:
    for at in (1, 3, 4, 5, 8, 10, 11):
        shell.run(["rm", "-rf", m.FOLDER])
        network, victim = some_network(), code.spawn()
        killed = m.make(victim, asked_of(network, at, victim.kill))
        with contextlib.suppress(CodeGone):
            killed.run(NAMES)
        assert not victim.alive, "not all was fetched and waited for"
        noted = log_at(shell)
        errors = {"slow": ("timeout", "connection"), "gone": ("timeout",)}
        for name, kinds in errors.items():
            times = [what for what in network.fetched() if what == name]
            kinds = kinds[: len(times)]
            assert [e["kind"] for e in noted if e["name"] == name] == [*kinds], at
        goes_on(code, shell, network)


def crash_states(code: Any) -> list[Any]:
    """What a kill may leave, at any moment of a run.

    The judge makes torn writes of any file that is changed in place. A log that is
    only appended to cannot lose what was in it, so those states are left out here:
    ``test_the_log_only_grows`` looks at every moment of a record.
    """
    found, log = [], b""
    processor = m.make(code, some_network())
    for state in code.crash_states(
        processor, "run", [NAMES], folder=m.FOLDER, within="processor.py"
    ):
        if state.get("errors.jsonl", b"").startswith(log):
            log = state.get("errors.jsonl", b"")
            found.append(state)
    assert len(found) >= 10, "the run was not seen"
    return found


def test_the_state_never_says_more_than_is_there(code: Any) -> None:
    network, model = some_network(), m.Model()
    model.run(NAMES, network)
    lines_of = {
        name: [facts(e) for e in model.log if e["name"] == name] for name in NAMES
    }
    counts = {name: m.parsed(data) for name, data in (("good", GOOD), ("slow", OTHER))}
    counts["last"] = m.parsed(OTHER)
    for files in crash_states(code):
        log = {facts(e) for e in m.entries_of(files.get("errors.jsonl", b""), torn=1)}
        if "state.json" not in files:
            continue
        state = m.state_of(files["state.json"])
        totals: dict[str, int] = {}
        for name, item in state["items"].items():
            ended = item["status"] in ("failed", "corrupt")
            lines = lines_of[name] if ended else lines_of[name][: item["attempts"]]
            assert log.issuperset(lines), f"{name} is {item}, the log has {log}"
            if item["status"] == "corrupt":
                assert files.get("quarantine/bad") == BAD
            if item["status"] == "done":
                for key, value in counts[name].items():
                    totals[key] = totals.get(key, 0) + value
        assert state["totals"] == totals, state


def different(states: list[Any]) -> list[Any]:
    """One state of those that differ only in what has no name on the page."""
    named = ("state.json", "errors.jsonl", "quarantine/bad")
    kinds = {tuple(files.get(name) for name in named): files for files in states}
    return list(kinds.values())


def test_from_any_moment_of_a_run_the_next_one_goes_on(code: Any, shell: Any) -> None:
    for files in different(crash_states(code)):
        fresh, network = code.restored(files, m.FOLDER), some_network()
        state = (
            m.state_of(files["state.json"])["items"] if "state.json" in files else {}
        )
        finished = set()
        for name, item in state.items():
            if item["status"] in ("done", "corrupt"):
                finished.add(name)
            if item["status"] == "pending":
                del network.script[name][: item["attempts"]]
        found = m.make(fresh, network).run(NAMES)
        assert finished.isdisjoint(network.fetched()), f"{finished} were done already"
        same_in_the_end(found, shell)
