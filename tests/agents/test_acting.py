"""Calls carried out, refused and answered; when a finish is taken."""

from __future__ import annotations

from pathlib import Path

from pytest_overnight.models.base import Turn
from pytest_overnight.rules.outcome import Stop
from tests.agents.bench import FINISH
from tests.agents.bench import LIST
from tests.agents.bench import WRITE
from tests.agents.bench import Bench
from tests.agents.bench import call
from tests.agents.bench import calls


def test_an_answer_follows_its_call_under_the_tools_name(bench: Bench) -> None:
    thoughtful = calls(("bash", {"cmd": "echo hi"}), thinking="let me see")
    bench.play(thoughtful, FINISH)
    turn, answer = bench.model.asked[1][-2:]
    function = {"name": "run_command", "arguments": {"command": "echo hi"}}
    assert turn["thinking"] == "let me see"
    assert turn["tool_calls"] == [{"function": function}]
    assert (answer["role"], answer["tool_name"]) == ("tool", "run_command")
    assert answer["content"].endswith("\nhi")


def test_finish_waits_for_the_other_calls_of_its_turn(
    bench: Bench, workspace: Path
) -> None:
    write = ("write_file", {"path": "late.txt", "content": ""})
    result = bench.play(calls(("finish", {}), write))
    assert result.stop is Stop.FINISHED
    assert (workspace / "late.txt").exists()
    assert [e["tool"] for e in bench.written("action")] == ["write_file", "finish"]


def test_a_long_argument_is_kept_in_part_with_a_digest(bench: Bench) -> None:
    bench.play(
        call("write_file", path="a", content="x" * 9000 + "1"),
        call("write_file", path="a", content="x" * 9000 + "2"),
        FINISH,
    )
    one, other = (e["arguments"]["content"] for e in bench.written("action")[:2])
    assert one != other
    assert len(one) < 4100
    assert "… [9001 characters, sha256 " in one


def test_calls_beyond_the_action_limit_are_answered_but_not_carried_out(
    bench: Bench, workspace: Path
) -> None:
    pairs = [("write_file", {"path": str(n), "content": ""}) for n in range(5)]
    result = bench.play(calls(*pairs), max_actions=3)
    assert (result.stop, result.actions) == (Stop.ACTION_LIMIT, 5)
    assert sorted(path.name for path in workspace.iterdir()) == ["0", "1", "2"]
    assert [e["ok"] for e in bench.written("action")] == [True] * 3 + [False] * 2


def test_finish_counts_even_when_time_ran_out_in_its_turn(bench: Bench) -> None:
    def slow() -> Turn:
        bench.clock.now += 61
        return FINISH

    assert bench.play(slow).stop is Stop.FINISHED


def test_a_finish_with_nothing_changed_is_refused_once(
    bench: Bench, workspace: Path
) -> None:
    bench.workspace = workspace
    result = bench.play(LIST, FINISH, FINISH)
    assert (result.stop, result.rounds) == (Stop.FINISHED, 3)
    assert "no file has been changed" in bench.model.asked[2][-1]["content"]
    assert [event["ok"] for event in bench.written("action")] == [True, False, True]


def test_a_finish_after_a_failed_command_is_refused_once(bench: Bench) -> None:
    result = bench.play(call("run_command", command="exit 3"), FINISH, WRITE, FINISH)
    assert (result.stop, result.rounds) == (Stop.FINISHED, 4)
    assert "exit status 3" in bench.model.asked[2][-1]["content"]


def test_a_finish_beside_a_call_that_fails_is_refused_once(bench: Bench) -> None:
    both = calls(("read_file", {"path": "missing"}), ("finish", {}))
    result = bench.play(both, both)
    assert (result.stop, result.rounds) == (Stop.FINISHED, 2)


def test_giving_up_is_never_refused(bench: Bench, workspace: Path) -> None:
    bench.workspace = workspace
    assert bench.play(call("finish", status="blocked")).stop is Stop.GAVE_UP


def test_what_follows_a_way_out_of_the_folder_is_not_carried_out(
    bench: Bench, workspace: Path
) -> None:
    bench.play(
        calls(
            ("write_file", {"path": "../out", "content": ""}),
            ("write_file", {"path": "in", "content": ""}),
        ),
        FINISH,
        FINISH,
    )
    assert not (workspace / "in").exists()
    assert "escape_attempt" in bench.tags
