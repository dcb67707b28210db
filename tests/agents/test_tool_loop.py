"""The loop, over a scripted model, a real box, a real ledger and a clock of its own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import Turn
from pytest_overnight.records.ledger import read_events
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box
from tests.agents.bench import FINISH
from tests.agents.bench import INFRA
from tests.agents.bench import INSTRUCTION
from tests.agents.bench import LIST
from tests.agents.bench import TALK
from tests.agents.bench import UNREADABLE
from tests.agents.bench import WRITE
from tests.agents.bench import Bench
from tests.agents.bench import Step
from tests.agents.bench import call
from tests.agents.bench import calls

# -- the way it should go ------------------------------------------------------------


def test_it_works_on_the_files_until_the_model_is_done(
    bench: Bench, workspace: Path
) -> None:
    result = bench.play(LIST, WRITE, FINISH)
    assert (result.stop, result.detail) == (Stop.FINISHED, "written")
    assert (result.rounds, result.actions) == (3, 3)
    assert bench.counted.actions_failed == 0
    assert (workspace / "a.txt").read_text() == "{braces}\n"


def test_the_task_is_in_the_system_message_and_history_only_grows(
    bench: Bench,
) -> None:
    bench.play(LIST, WRITE, FINISH)
    asked = bench.model.asked
    assert asked[0][0]["role"] == "system"
    assert INSTRUCTION in asked[0][0]["content"]
    for shorter, longer in pairwise(asked):
        assert longer[: len(shorter)] == shorter


def test_a_blocked_agent_gives_up(bench: Bench) -> None:
    result = bench.play(call("finish", summary="no compiler", status="blocked"))
    assert (result.stop, result.detail) == (Stop.GAVE_UP, "no compiler")


def test_what_it_took_can_be_read_off_the_ledger(bench: Bench) -> None:
    metrics: dict[str, Any] = {
        "output_tokens": 30,
        "first_token_seconds": 0.5,
        "decode_seconds": 1.5,
    }

    def slow() -> Turn:
        bench.clock.now += 2.5
        return calls(("ls", {}), prompt_tokens=700, **metrics)

    result = bench.play(
        slow,
        INFRA,
        UNREADABLE,
        calls(("read_file", {"path": "missing"}), prompt_tokens=800, **metrics),
        Turn(content="I am thinking.", prompt_tokens=900, **metrics),
        FINISH,
    )
    counted = bench.counted
    assert (
        (counted.rounds, counted.actions) == (result.rounds, result.actions) == (5, 3)
    )
    assert (counted.llm_calls, counted.retries) == (6, 1)
    assert (counted.actions_failed, counted.actions_repaired) == (1, 1)
    assert (counted.prompt_tokens, counted.output_tokens) == (2400, 90)
    assert (counted.llm_seconds, counted.decode_seconds) == (2.5, 4.5)
    assert counted.infra_wait_seconds == 0.5
    assert counted.nudges == 1
    assert bench.tags >= {"repaired", "infra_retries", "unreadable"}


def test_what_the_loop_itself_takes_is_what_nothing_else_took(bench: Bench) -> None:
    def slow() -> Turn:
        bench.clock.now += 2.5
        return LIST

    real_record = bench.ledger.write

    def slow_ledger(event: str, **fields: Any) -> None:
        real_record(event, **fields)
        bench.clock.now += 0.25

    bench.ledger.write = slow_ledger  # type: ignore[method-assign]
    began = bench.clock.now
    bench.play(slow, INFRA, FINISH)
    (loop,) = bench.written("loop")
    counted = bench.counted
    inner = counted.llm_seconds + counted.tool_seconds + counted.infra_wait_seconds
    assert loop["seconds"] + inner == bench.clock.now - 0.25 - began
    assert loop["seconds"] == 0.25 * (len(read_events(bench.events)) - 1)


# -- limits --------------------------------------------------------------------------


def test_it_stops_after_the_last_round(bench: Bench) -> None:
    result = bench.play(LIST, WRITE, max_rounds=2)
    assert (result.stop, result.rounds) == (Stop.ROUND_LIMIT, 2)


def test_it_stops_when_the_working_time_is_used_up(bench: Bench) -> None:
    def slow() -> Turn:
        bench.clock.now += 40
        return WRITE

    result = bench.play(slow, slow, working_seconds=60)
    assert (result.stop, result.rounds) == (Stop.DEADLINE, 2)
    assert result.working_seconds == 80
    assert bench.model.deadlines == [160, 160]


def test_what_the_output_limit_cut_is_not_carried_out(
    bench: Bench, workspace: Path
) -> None:
    half = calls(("write_file", {"path": "t", "content": "x ="}), done_reason="length")
    bench.play(half, WRITE, FINISH)
    assert not (workspace / "t").exists()


# -- faults that are not the agent's -------------------------------------------------


def test_a_sandbox_that_died_is_told_from_one_that_failed(
    bench: Bench, box: Box
) -> None:
    box.close()
    result = bench.play(LIST)
    assert result.stop is Stop.CRASH
    assert result.detail.startswith("the sandbox was ended from within")


def test_an_interrupt_goes_through_and_leaves_the_counts(bench: Bench) -> None:
    def interrupted() -> Turn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.play(LIST, interrupted)
    assert bench.loop.result.actions == 1


# -- turns that bring nothing --------------------------------------------------------


def test_talk_is_nudged_twice_and_then_taken_for_the_end(bench: Bench) -> None:
    result = bench.play(TALK, TALK, TALK)
    assert (result.stop, bench.counted.nudges) == (Stop.FINISHED, 2)
    assert "call finish" in bench.model.asked[1][-1]["content"]


UNKNOWN = call("browse_web", url="x")
SILENT = Turn(thinking="hm")


@pytest.mark.parametrize(
    "useless",
    [SILENT, UNREADABLE, UNKNOWN],
    ids=["silent", "unreadable", "unknown tool"],
)
def test_three_useless_turns_in_a_row_end_the_run(bench: Bench, useless: Step) -> None:
    result = bench.play(useless, useless, useless)
    assert (result.stop, result.rounds) == (Stop.MALFORMED, 3)


def test_useless_turns_of_different_kinds_add_up(bench: Bench) -> None:
    result = bench.play(SILENT, UNREADABLE, UNKNOWN)
    assert result.stop is Stop.MALFORMED
    reasons = [event["reason"] for event in bench.written("unused")]
    assert reasons == ["silent", "unreadable", "malformed"]


def test_talk_between_useless_turns_is_a_new_start(bench: Bench) -> None:
    mixed = [SILENT, UNKNOWN, TALK, SILENT, TALK, TALK]
    assert bench.play(*mixed, LIST, WRITE, FINISH).rounds == 9


def test_an_action_in_between_forgives(bench: Bench) -> None:
    result = bench.play(SILENT, UNKNOWN, LIST, UNREADABLE, SILENT, WRITE, FINISH)
    assert result.stop is Stop.FINISHED


def test_an_unreadable_call_is_asked_for_again_then_in_smaller_pieces(
    bench: Bench,
) -> None:
    bench.play(UNREADABLE, UNREADABLE, FINISH)
    first, second, third = bench.model.asked
    assert second == first
    assert "at most 40 lines" in third[-1]["content"]


def test_an_answer_cut_by_the_output_limit_is_told_so(bench: Bench) -> None:
    bench.play(Turn(thinking="hm " * 99, done_reason="length"), FINISH)
    assert "output limit" in bench.model.asked[1][-1]["content"]


def test_one_good_call_among_bad_ones_makes_a_turn_useful(bench: Bench) -> None:
    mixed = calls(("nonsense", {}), ("list_files", {}))
    result = bench.play(mixed, WRITE, mixed, FINISH)
    assert result.stop is Stop.FINISHED
    assert bench.counted.actions_failed == 2


# -- calls written as text -----------------------------------------------------------


NO_TOOLS = ModelFault("capability", "gpt does not support tools", 400)


def test_a_call_written_as_text_is_carried_out(bench: Bench, workspace: Path) -> None:
    text = '{"name": "write_file", "arguments": {"path": "t", "content": "x"}}'
    result = bench.play(Turn(content=f"```json\n{text}\n```"), FINISH)
    assert result.stop is Stop.FINISHED
    assert (workspace / "t").read_text() == "x"
    assert "text_call" in bench.tags
    turn, answer = bench.model.asked[1][-2:]
    assert turn["tool_calls"][0]["function"]["name"] == "write_file"
    assert answer["role"] == "tool"


def test_half_a_call_written_as_text_is_not_carried_out(
    bench: Bench, workspace: Path
) -> None:
    half = Turn(content='<write_file path="t">\nx = 1', done_reason="length")
    bench.play(NO_TOOLS, half, half, half)
    assert not (workspace / "t").exists()
    assert "output limit" in bench.model.asked[2][-1]["content"]


def test_a_model_without_tools_works_by_text(bench: Bench, workspace: Path) -> None:
    write = Turn(content='I write.\n<write_file path="t">\nx = 1\n</write_file>')
    finish = Turn(content='<finish status="done">written</finish>')
    result = bench.play(NO_TOOLS, write, finish)
    assert (result.stop, result.rounds) == (Stop.FINISHED, 2)
    assert (workspace / "t").read_text().strip() == "x = 1"
    model = bench.model
    assert [bool(schemas) for schemas in model.schemas] == [True, False, False]
    assert [bool(stops) for stops in model.stops] == [False, True, True]
    assert INSTRUCTION in model.asked[1][0]["content"]
    assert "<write_file" in model.asked[1][0]["content"]
    turn, answer = model.asked[2][-2:]
    assert turn == {"role": "assistant", "content": write.content}
    assert answer["role"] == "user"
    assert "text_protocol" in bench.tags
