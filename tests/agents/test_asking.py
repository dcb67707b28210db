"""What a model call may come to: faults, waits, a window that is full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import SilentCallError
from pytest_overnight.models.base import Turn
from pytest_overnight.models.pace import Pace
from pytest_overnight.records.ledger import read_events
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.rules.outcome import outcome_of
from tests.agents.bench import FINISH
from tests.agents.bench import INFRA
from tests.agents.bench import LIST
from tests.agents.bench import WRITE
from tests.agents.bench import Bench
from tests.agents.bench import call
from tests.agents.bench import calls


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


def test_retries_are_counted_by_what_went_wrong(bench: Bench) -> None:
    refused = ModelFault("infra", "refused", reason="refused")
    result = bench.play(*[refused] * 9, INFRA, FINISH)
    assert (result.stop, bench.counted.retries) == (Stop.FINISHED, 10)


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


def paced(bench: Bench, folder: Path, calls_per_minute: float) -> None:
    bench.pace = Pace(folder, calls_per_minute, 0.0, bench.clock, bench.clock.sleep)


def test_the_rate_limit_is_nobodys_time(bench: Bench, tmp_path: Path) -> None:
    paced(bench, tmp_path, 2)
    result = bench.play(LIST, WRITE, FINISH, working_seconds=5)
    assert (result.stop, result.working_seconds) == (Stop.FINISHED, 0)
    assert bench.counted.rate_wait_seconds == 60


def test_the_rate_limit_does_not_hide_that_the_server_is_dead(
    bench: Bench, tmp_path: Path
) -> None:
    paced(bench, tmp_path, 2)
    refused = ModelFault("infra", "refused", reason="refused")
    result = bench.play(*[refused] * 99, infra_grace=300.0)
    assert (result.stop, result.working_seconds) == (Stop.LLM_UNAVAILABLE, 0)
    assert bench.counted.rate_wait_seconds == 0
    assert 300 <= bench.counted.infra_wait_seconds < 400
    events = read_events(bench.events)
    took = bench.clock.now - 100
    booked = outcome_of(events, result.stop, Verdict.FAIL, changed=True, duration=took)
    assert booked is Outcome.INFRA
