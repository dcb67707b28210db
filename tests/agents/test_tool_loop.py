"""The loop, over a scripted model, a real box, a real ledger and a clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.agents.tool_loop import LoopLimits
from pytest_overnight.agents.tool_loop import LoopResult
from pytest_overnight.agents.tool_loop import Task
from pytest_overnight.agents.tool_loop import ToolLoop
from pytest_overnight.models.base import Message
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import ToolCall
from pytest_overnight.models.base import Turn
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.tally import tally
from pytest_overnight.rules.loops import is_looping
from pytest_overnight.rules.loops import steps_of
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box

INSTRUCTION = "Write {braces} into a.txt."


@dataclass
class Clock:
    """Time that passes only when somebody says so."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


Step = Turn | Exception | Callable[[], Turn]


class Model:
    """Says what it was told to say, and remembers what it was asked."""

    name = "scripted"

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = iter(steps)
        self.asked: list[list[Message]] = []
        self.deadlines: list[float] = []

    def chat(
        self, messages: list[Message], tools: list[dict[str, Any]], deadline: float
    ) -> Turn:
        self.asked.append(list(messages))
        self.deadlines.append(deadline)
        step = next(self.steps)
        if isinstance(step, Exception):
            raise step
        return step() if callable(step) else step


@dataclass
class Bench:
    """Plays steps through the loop."""

    box: Box
    ledger: Ledger
    events: Path
    clock: Clock = field(default_factory=Clock)

    def play(self, *steps: Step, **limits: Any) -> LoopResult:
        self.model = Model(steps)
        task = Task(
            INSTRUCTION,
            self.model,
            self.box,
            self.ledger,
            LoopLimits(**{"working_seconds": 60.0, **limits}),
            clock=self.clock,
            sleep=self.clock.sleep,
            random=lambda: 0.5,
        )
        self.loop = ToolLoop(task)
        return self.loop.run()

    def written(self, event: str) -> list[dict[str, Any]]:
        return [e for e in read_events(self.events) if e["event"] == event]


@pytest.fixture
def bench(box: Box, ledger: Ledger, events: Path) -> Bench:
    return Bench(box, ledger, events)


def call(tool: str, **arguments: Any) -> Turn:
    return calls((tool, arguments))


def calls(*pairs: tuple[str, Any], **metrics: Any) -> Turn:
    return Turn(tool_calls=tuple(ToolCall(*pair) for pair in pairs), **metrics)


WRITE = call("write_file", path="a.txt", content="{braces}\n")
LIST = call("list_files")
FINISH = call("finish", summary="written", status="done")
INFRA = ModelFault("infra", "connection refused")
UNREADABLE = ModelFault("model", "error parsing tool call: raw='{'", 500)


# -- the way it should go ----------------------------------------------------------


def test_it_works_on_the_files_until_the_model_is_done(
    bench: Bench, workspace: Path
) -> None:
    result = bench.play(LIST, WRITE, FINISH)
    assert (result.stop, result.detail) == (Stop.FINISHED, "written")
    assert (result.rounds, result.actions, result.actions_failed) == (3, 3, 0)
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


def test_an_answer_follows_its_call_under_the_tools_name(bench: Bench) -> None:
    thoughtful = calls(("bash", {"cmd": "echo hi"}), thinking="let me see")
    bench.play(thoughtful, FINISH)
    turn, answer = bench.model.asked[1][-2:]
    function = {"name": "run_command", "arguments": {"command": "echo hi"}}
    assert turn["thinking"] == "let me see"
    assert turn["tool_calls"] == [{"function": function}]
    assert (answer["role"], answer["tool_name"]) == ("tool", "run_command")
    assert answer["content"].endswith("\nhi")


def test_a_blocked_agent_gives_up(bench: Bench) -> None:
    result = bench.play(call("finish", summary="no compiler", status="blocked"))
    assert (result.stop, result.detail) == (Stop.GAVE_UP, "no compiler")


def test_finish_waits_for_the_other_calls_of_its_turn(
    bench: Bench, workspace: Path
) -> None:
    write = ("write_file", {"path": "late.txt", "content": ""})
    result = bench.play(calls(("finish", {}), write))
    assert result.stop is Stop.FINISHED
    assert (workspace / "late.txt").exists()
    assert [e["tool"] for e in bench.written("action")] == ["write_file", "finish"]


def test_the_ledger_adds_up_to_the_result(bench: Bench) -> None:
    metrics: dict[str, Any] = {
        "prompt_tokens": 700,
        "output_tokens": 30,
        "seconds": 2.5,
        "first_token_seconds": 0.5,
        "decode_seconds": 1.5,
    }
    result = bench.play(
        calls(("ls", {}), **metrics),
        INFRA,
        UNREADABLE,
        calls(("read_file", {"path": "missing"}), **metrics),
        Turn(content="I am thinking.", **metrics),
        FINISH,
    )
    counted = tally(read_events(bench.events))
    for name in (
        "rounds",
        "actions",
        "actions_failed",
        "actions_repaired",
        "nudges",
        "llm_calls",
        "retries",
        "llm_seconds",
        "tool_seconds",
        "infra_wait_seconds",
        "prompt_tokens",
        "output_tokens",
        "max_prompt_tokens",
        "decode_seconds",
        "first_token_seconds",
    ):
        assert getattr(counted, name) == getattr(result, name), name
    assert (result.rounds, result.llm_calls, result.retries) == (5, 6, 1)
    assert (result.actions_failed, result.actions_repaired) == (1, 1)
    assert result.tags == {"repaired", "infra_retries", "unreadable"}


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


# -- limits ------------------------------------------------------------------------


def test_it_stops_after_the_last_round(bench: Bench) -> None:
    result = bench.play(LIST, WRITE, max_rounds=2)
    assert (result.stop, result.rounds) == (Stop.ROUND_LIMIT, 2)


def test_calls_beyond_the_action_limit_are_answered_but_not_carried_out(
    bench: Bench, workspace: Path
) -> None:
    pairs = [("write_file", {"path": str(n), "content": ""}) for n in range(5)]
    result = bench.play(calls(*pairs), max_actions=3)
    assert (result.stop, result.actions) == (Stop.ACTION_LIMIT, 5)
    assert sorted(path.name for path in workspace.iterdir()) == ["0", "1", "2"]
    assert [e["ok"] for e in bench.written("action")] == [True] * 3 + [False] * 2


def test_it_stops_when_the_working_time_is_used_up(bench: Bench) -> None:
    def slow() -> Turn:
        bench.clock.now += 40
        return WRITE

    result = bench.play(slow, slow, working_seconds=60)
    assert (result.stop, result.rounds) == (Stop.DEADLINE, 2)
    assert result.working_seconds == 80
    assert bench.model.deadlines == [160, 160]


def test_a_model_call_cut_at_the_deadline_ends_the_work(bench: Bench) -> None:
    result = bench.play(LIST, TimeoutError())
    assert (result.stop, result.rounds) == (Stop.DEADLINE, 1)
    assert len(bench.written("cut")) == 1


def test_finish_counts_even_when_time_ran_out_in_its_turn(bench: Bench) -> None:
    def slow() -> Turn:
        bench.clock.now += 61
        return FINISH

    assert bench.play(slow).stop is Stop.FINISHED


# -- faults that are not the agent's -------------------------------------------------


def test_the_servers_faults_are_waited_out_and_not_charged(bench: Bench) -> None:
    def fault_after_ten_seconds() -> Turn:
        bench.clock.now += 10
        raise INFRA

    result = bench.play(fault_after_ten_seconds, INFRA, FINISH, working_seconds=5)
    assert result.stop is Stop.FINISHED
    assert bench.clock.slept == [0.5, 1.0]
    assert result.infra_wait_seconds == 11.5
    assert result.working_seconds == 0
    assert (result.llm_calls, result.retries, result.rounds) == (3, 2, 1)
    # The deadline moves on by what was waited.
    assert bench.model.deadlines == [105, 115.5, 116.5]


def test_the_same_request_is_sent_again(bench: Bench) -> None:
    bench.play(INFRA, FINISH)
    assert bench.model.asked[0] == bench.model.asked[1]


def test_a_server_that_stays_away_ends_the_run(bench: Bench) -> None:
    result = bench.play(*[INFRA] * 7)
    assert (result.stop, result.retries) == (Stop.LLM_UNAVAILABLE, 6)
    assert bench.clock.slept == [0.5, 1, 2, 4, 8, 16]
    assert result.detail == "connection refused"


def test_waits_are_counted_anew_for_every_call(bench: Bench) -> None:
    result = bench.play(*[INFRA] * 6, LIST, *[INFRA] * 6, FINISH)
    assert (result.stop, result.retries) == (Stop.FINISHED, 12)


def test_all_waits_together_are_bounded(bench: Bench) -> None:
    result = bench.play(*[INFRA] * 4, infra_grace=2.0)
    assert result.stop is Stop.LLM_UNAVAILABLE
    assert bench.clock.slept == [0.5, 1.0, 0.5]


@pytest.mark.parametrize(
    ("kind", "stop"),
    [
        ("config", Stop.LLM_CONFIG),
        ("capability", Stop.LLM_CONFIG),
        ("context", Stop.CONTEXT),
    ],
)
def test_what_no_retry_helps_ends_the_run_at_once(
    bench: Bench, kind: Any, stop: Stop
) -> None:
    result = bench.play(ModelFault(kind, "why"))
    assert (result.stop, result.detail, result.retries) == (stop, "why", 0)


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
    talk = Turn(content="All done, I think.")
    result = bench.play(talk, talk, talk)
    assert (result.stop, result.nudges) == (Stop.FINISHED, 2)
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
    assert result.detail.endswith("the last: malformed call")


def test_an_action_in_between_forgives(bench: Bench) -> None:
    result = bench.play(SILENT, UNKNOWN, LIST, UNREADABLE, SILENT, WRITE, FINISH)
    assert result.stop is Stop.FINISHED


def test_an_unreadable_call_is_asked_for_in_smaller_pieces(bench: Bench) -> None:
    bench.play(UNREADABLE, UNREADABLE, FINISH)
    first, second = (m[-1]["content"] for m in bench.model.asked[1:])
    assert "could not be read" in first
    assert "smaller piece" in second


def test_an_answer_cut_by_the_output_limit_is_told_so(bench: Bench) -> None:
    bench.play(Turn(thinking="hm " * 99, done_reason="length"), FINISH)
    assert "output limit" in bench.model.asked[1][-1]["content"]


def test_one_good_call_among_bad_ones_makes_a_turn_useful(bench: Bench) -> None:
    mixed = calls(("nonsense", {}), ("list_files", {}))
    result = bench.play(mixed, WRITE, mixed, FINISH)
    assert result.stop is Stop.FINISHED
    assert result.actions_failed == 2


# -- going in circles ----------------------------------------------------------------


def test_a_repeated_call_is_nudged_and_then_stopped(bench: Bench) -> None:
    result = bench.play(LIST, LIST, LIST, LIST)
    assert (result.stop, result.nudges, result.looping) == (Stop.LOOP, 1, True)
    assert result.detail == "L1: 4 equal calls of list_files in a row"
    assert "Take a different step" in bench.model.asked[3][-1]["content"]


def test_a_nudge_that_helps_ends_the_matter(bench: Bench) -> None:
    result = bench.play(LIST, LIST, LIST, WRITE, LIST, LIST, LIST, FINISH)
    assert (result.stop, result.nudges, result.looping) == (Stop.FINISHED, 2, False)


def test_many_equal_calls_in_one_turn_are_nudged_first(bench: Bench) -> None:
    result = bench.play(calls(*[("list_files", {})] * 6), WRITE, FINISH)
    assert (result.stop, result.nudges) == (Stop.FINISHED, 1)


def test_the_same_command_with_new_answers_is_no_loop(bench: Bench) -> None:
    poll = call("run_command", command="echo >> log; wc -l < log")
    result = bench.play(*[poll] * 6, FINISH)
    assert (result.stop, result.nudges) == (Stop.FINISHED, 0)


def test_a_limit_met_in_a_loop_is_marked(bench: Bench) -> None:
    result = bench.play(LIST, LIST, LIST, max_rounds=3)
    assert (result.stop, result.looping) == (Stop.ROUND_LIMIT, True)
    assert is_looping(steps_of(read_events(bench.events)))
