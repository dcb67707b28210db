"""Going in circles: told once, then stopped, or only noted."""

from __future__ import annotations

from pytest_overnight.rules.outcome import Stop
from tests.agents.bench import FINISH
from tests.agents.bench import LIST
from tests.agents.bench import TALK
from tests.agents.bench import WRITE
from tests.agents.bench import Bench
from tests.agents.bench import call
from tests.agents.bench import calls


def test_a_repeated_call_is_nudged_and_then_stopped(bench: Bench) -> None:
    result = bench.play(LIST, LIST, LIST, LIST)
    assert (result.stop, bench.counted.nudges, bench.looping) == (Stop.LOOP, 1, True)
    assert result.detail.startswith("L1: ")
    assert "take a different step" in bench.model.asked[3][-1]["content"]


def test_a_nudge_that_helps_ends_the_matter(bench: Bench) -> None:
    result = bench.play(LIST, LIST, LIST, WRITE, LIST, LIST, LIST, FINISH)
    assert (result.stop, bench.counted.nudges, bench.looping) == (
        Stop.FINISHED,
        2,
        False,
    )


def test_many_equal_calls_in_one_turn_are_nudged_first(bench: Bench) -> None:
    result = bench.play(calls(*[("list_files", {})] * 6), WRITE, FINISH)
    assert (result.stop, bench.counted.nudges) == (Stop.FINISHED, 1)


def test_the_same_command_with_new_answers_is_no_loop(bench: Bench) -> None:
    poll = call("run_command", command="echo >> log; wc -l < log")
    result = bench.play(*[poll] * 6, FINISH)
    assert (result.stop, bench.counted.nudges) == (Stop.FINISHED, 0)


def test_a_limit_met_in_a_loop_is_marked(bench: Bench) -> None:
    result = bench.play(LIST, LIST, LIST, LIST, max_rounds=4, guard="off")
    assert (result.stop, bench.looping) == (Stop.ROUND_LIMIT, True)


def test_shadowed_rules_only_note_what_they_would_have_done(bench: Bench) -> None:
    result = bench.play(*[LIST] * 6, WRITE, FINISH, guard="shadow")
    assert (result.stop, bench.counted.nudges) == (Stop.FINISHED, 0)
    assert [event["rule"] for event in bench.written("shadow")] == ["L1"]


def test_rules_that_are_off_leave_the_agent_to_its_limits(bench: Bench) -> None:
    result = bench.play(*[LIST] * 9, max_rounds=9, guard="off")
    assert (result.stop, bench.counted.nudges) == (Stop.ROUND_LIMIT, 0)
    assert bench.written("shadow") == []
    assert bench.looping


def test_no_guard_setting_lets_an_agent_talk_for_ever(bench: Bench) -> None:
    assert bench.play(TALK, TALK, TALK, guard="off").stop is Stop.FINISHED


def test_commands_that_hang_three_times_end_the_run(bench: Bench) -> None:
    hang = [call("run_command", command=f"sleep {n}", timeout=1) for n in (61, 62, 63)]
    result = bench.play(*hang, command_timeout=0.05)
    assert (result.stop, bench.counted.nudges) == (Stop.LOOP, 0)
    assert result.detail.startswith("L11: ")
