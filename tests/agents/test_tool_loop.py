"""The loop, over a scripted model, a real box, a real ledger and a clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
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
from pytest_overnight.models.base import SilentCallError
from pytest_overnight.models.base import ToolCall
from pytest_overnight.models.base import Turn
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.tally import Tally
from pytest_overnight.records.tally import tally
from pytest_overnight.rules.loops import history_of
from pytest_overnight.rules.loops import is_looping
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.rules.outcome import outcome_of
from pytest_overnight.rules.tags import tags_of
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
        self.schemas: list[list[dict[str, Any]]] = []
        self.stops: list[tuple[str, ...]] = []

    def chat(
        self,
        messages: list[Message],
        tools: list[dict[str, Any]],
        deadline: float,
        *,
        stop: Sequence[str] = (),
    ) -> Turn:
        self.asked.append(list(messages))
        self.deadlines.append(deadline)
        self.schemas.append(tools)
        self.stops.append(tuple(stop))
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
    workspace: Path | None = None
    """``None``: nobody looks whether anything was changed."""
    slept: float = 0.0
    """What the machine has slept so far."""

    def play(self, *steps: Step, **limits: Any) -> LoopResult:
        self.model = Model(steps)
        task = Task(
            INSTRUCTION,
            self.model,
            self.box,
            self.ledger,
            LoopLimits(**{"working_seconds": 60.0, **limits}),
            workspace=self.workspace,
            clock=self.clock,
            suspended=lambda: self.slept,
            sleep=self.clock.sleep,
            random=lambda: 0.5,
        )
        self.loop = ToolLoop(task)
        return self.loop.run()

    def written(self, event: str) -> list[dict[str, Any]]:
        return [e for e in read_events(self.events) if e["event"] == event]

    @property
    def counted(self) -> Tally:
        return tally(read_events(self.events))

    @property
    def tags(self) -> set[str]:
        return set(tags_of(read_events(self.events)))

    @property
    def looping(self) -> bool:
        return is_looping(history_of(read_events(self.events)))


@pytest.fixture
def bench(box: Box, ledger: Ledger, events: Path) -> Bench:
    return Bench(box, ledger, events)


def call(tool: str, **arguments: Any) -> Turn:
    return calls((tool, arguments))


def calls(*pairs: tuple[str, Any], **metrics: Any) -> Turn:
    return Turn(tool_calls=tuple(ToolCall(*pair) for pair in pairs), **metrics)


WRITE = call("write_file", path="a.txt", content="{braces}\n")
LIST = call("list_files")
TALK = Turn(content="All done, I think.")
FINISH = call("finish", summary="written", status="done")
INFRA = ModelFault("infra", "server busy", 503, "busy")
UNREADABLE = ModelFault("model", "error parsing tool call", 500, "unreadable")


# -- the way it should go ----------------------------------------------------------


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


def test_a_call_that_a_dead_server_let_run_out_is_not_the_agents(bench: Bench) -> None:
    def hang() -> Turn:
        bench.clock.now += 59
        raise SilentCallError

    result = bench.play(LIST, hang, working_seconds=60)
    assert result.stop is Stop.DEADLINE
    assert bench.counted.infra_wait_seconds == 59
    events = read_events(bench.events)
    booked = outcome_of(events, result.stop, Verdict.FAIL, changed=True, duration=60)
    assert booked is Outcome.INFRA


def test_loading_the_model_is_nobodys_time(bench: Bench) -> None:
    def load() -> Turn:
        bench.clock.now += 50
        return calls(("list_files", {}), load_seconds=45.0)

    result = bench.play(load, FINISH, working_seconds=20)
    assert (result.stop, result.working_seconds) == (Stop.FINISHED, 5)
    counted = bench.counted
    assert (counted.llm_seconds, counted.infra_wait_seconds) == (5, 45)


def test_what_the_output_limit_cut_is_not_carried_out(
    bench: Bench, workspace: Path
) -> None:
    half = calls(("write_file", {"path": "t", "content": "x ="}), done_reason="length")
    bench.play(half, WRITE, FINISH)
    assert not (workspace / "t").exists()


def test_retries_are_counted_by_what_went_wrong(bench: Bench) -> None:
    refused = ModelFault("infra", "refused", reason="refused")
    result = bench.play(*[refused] * 9, INFRA, FINISH)
    assert (result.stop, bench.counted.retries) == (Stop.FINISHED, 10)


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
    assert bench.counted.infra_wait_seconds == 11.5
    assert result.working_seconds == 0
    assert (bench.counted.llm_calls, bench.counted.retries, result.rounds) == (3, 2, 1)
    # The deadline moves on by what was waited.
    assert bench.model.deadlines == [105, 115.5, 116.5]


def test_the_same_request_is_sent_again(bench: Bench) -> None:
    bench.play(INFRA, FINISH)
    assert bench.model.asked[0] == bench.model.asked[1]


def test_a_server_that_stays_away_ends_the_run(bench: Bench) -> None:
    result = bench.play(*[INFRA] * 7)
    assert (result.stop, bench.counted.retries) == (Stop.LLM_UNAVAILABLE, 6)
    assert bench.clock.slept == [0.5, 1, 2, 4, 8, 16]
    assert result.detail == "server busy"


def test_waits_are_counted_anew_for_every_call(bench: Bench) -> None:
    result = bench.play(*[INFRA] * 6, LIST, *[INFRA] * 6, FINISH)
    assert (result.stop, bench.counted.retries) == (Stop.FINISHED, 12)


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
    assert (result.stop, result.detail) == (stop, "why")
    assert bench.counted.retries == 0


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


# -- going in circles ----------------------------------------------------------------


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


# -- finishing -----------------------------------------------------------------------


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


# -- calls written as text -------------------------------------------------------------

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


# -- the window ------------------------------------------------------------------------


def test_a_prompt_that_does_not_fit_is_made_shorter_and_sent_again(
    bench: Bench, workspace: Path
) -> None:
    (workspace / "big").write_text("word\n" * 4000)
    read = [call("read_file", path="big", start_line=n) for n in (1, 500, 900, 1300)]
    full = ModelFault("context", "exceeds the available context size", 400)
    result = bench.play(*read, WRITE, full, FINISH)
    assert result.stop is Stop.FINISHED
    before, after = bench.model.asked[-2:]
    assert len(str(after)) < len(str(before))
    assert after[0]["content"].startswith(before[0]["content"])
    assert "compacted" in bench.tags


def test_a_prompt_that_can_be_made_no_shorter_ends_the_run(bench: Bench) -> None:
    full = ModelFault("context", "exceeds the available context size", 400)
    result = bench.play(*[full] * 9)
    assert result.stop is Stop.CONTEXT


def test_an_answer_that_breaks_off_twice_is_the_models(bench: Bench) -> None:
    broken = ModelFault("infra", "the stream ended", reason="no_done", partial="hm")
    result = bench.play(broken, broken, FINISH)
    assert (result.stop, result.rounds) == (Stop.FINISHED, 2)
    assert bench.counted.retries == 1


# -- time that is nobody's -------------------------------------------------------------


def test_a_sleeping_machine_is_booked_as_nobodys_time(bench: Bench) -> None:
    def woken() -> Turn:
        bench.slept += 3600
        bench.clock.now += 1
        return FINISH

    result = bench.play(woken)
    assert result.working_seconds == 1
    (wait,) = bench.written("wait")
    assert (wait["kind"], wait["seconds"]) == ("suspend", 3600)
    assert bench.counted.infra_wait_seconds == 3600
