"""Advice: planted causes are found, chance is not, and what is said is bounded."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.options import OPTIONS
from pytest_overnight.records.hrm import HrmEnvironment
from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.hrm import Metric
from pytest_overnight.records.hrm import SubTask
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import Check
from pytest_overnight.records.record import MachineState
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.reporting import advice as advice_module
from pytest_overnight.reporting.advice import Advice
from pytest_overnight.reporting.advice import Advices
from pytest_overnight.reporting.advice import Area
from pytest_overnight.reporting.advice import advise
from pytest_overnight.reporting.advice.causal import LEVEL
from pytest_overnight.reporting.advice.causes import CAUSES as FEATURES
from pytest_overnight.reporting.advice.suite import repetitions_for
from pytest_overnight.reporting.comparison import compare
from pytest_overnight.reporting.failures import failure_patterns
from pytest_overnight.reporting.hrm import hrm_progress
from pytest_overnight.reporting.ledgers import LedgerFacts
from pytest_overnight.reporting.ledgers import Step
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import summarise_night
from tests.reporting.nights import a_master
from tests.reporting.nights import a_run
from tests.reporting.planted import CAUSES
from tests.reporting.planted import Plan
from tests.reporting.planted import planted_night
from tests.reporting.planted import shuffled

WHOLE = 3
"""Seed of a night in which all six causes had enough runs to be told from chance."""


def advice_on(
    runs: Sequence[RunRecord], master: MasterLog | None = None, **more: Any
) -> Advices:
    night = Night(master, tuple(runs), ())
    ledgers = more.pop("ledgers", {})
    patterns = failure_patterns(runs, ledgers)
    return advise(night, summarise_night(night), patterns, ledgers, **more)


def rules(advices: Advices) -> list[str]:
    return [item.rule for item in advices.items]


def causal(advices: Advices) -> list[str]:
    return [item.rule for item in advices.items if item.causal]


def the(advices: Advices, rule: str) -> Advice:
    (found,) = [item for item in advices.items if item.rule == rule]
    return found


def repeated(test_id: str, outcomes: str, **changes: Any) -> list[RunRecord]:
    """A run a word."""
    return [
        a_run(test_id, number, outcome, **changes)
        for number, outcome in enumerate(outcomes.split(), 1)
    ]


class TestPlantedCauses:
    def test_are_the_first_six_items_of_a_large_night(self) -> None:
        plan = Plan(challenges=23, repetitions=20)
        nights = [advice_on(planted_night(seed, plan)) for seed in range(12)]
        assert all(set(causal(night)[:6]) == set(CAUSES) for night in nights)
        first = [set(rules(night)[:6]) == set(CAUSES) for night in nights]
        assert sum(first) >= 10, "what is only described may come before the sixth"

    def test_are_found_in_most_nights_and_little_else(self) -> None:
        nights = [causal(advice_on(planted_night(seed))) for seed in range(12)]
        right = sum(len(set(CAUSES) & set(night)) for night in nights)
        wrong = sum(len(set(night) - set(CAUSES)) for night in nights)
        print(f"found {right} of {6 * len(nights)}, and {wrong} that are none")
        assert right >= 0.75 * 6 * len(nights)
        assert wrong <= 2

    @pytest.mark.slow
    def test_are_found_the_surer_the_more_runs_there_are(self) -> None:
        """Half the effect: what one night cannot show, four times its runs do."""
        found = []
        for repetitions in (20, 80):
            plan = Plan(repetitions=repetitions, effect=Plan().effect / 2)
            nights = [causal(advice_on(planted_night(s, plan))) for s in range(12)]
            found.append(sum(len(set(CAUSES) & set(night)) for night in nights))
        print(f"with half the effect: {found} of 72, with 20 and 80 repetitions")
        assert found[0] < found[1]
        assert found[1] >= 0.75 * 72

    def test_gain_lies_within_the_missed_runs_behind_it(self) -> None:
        for item in advice_on(planted_night(WHOLE)).items[:6]:
            assert item.gain is not None
            assert 0 < item.gain.low <= item.gain.runs <= item.gain.high
            assert item.gain.high <= len(item.run_ids)

    def test_is_worded_as_what_it_is(self) -> None:
        item = the(advice_on(planted_night(WHOLE)), "gpu_spill")
        assert "went with" in item.because
        assert "no experiment" in item.because
        assert "again" in item.check


class TestChance:
    @pytest.mark.parametrize("number", [60, pytest.param(200, marks=pytest.mark.slow)])
    def test_alone_gives_advice_in_at_most_one_night_of_twenty(
        self, number: int
    ) -> None:
        night = planted_night(WHOLE)
        fooled = sum(bool(causal(advice_on(shuffled(night, s)))) for s in range(number))
        print(f"{fooled} of {number} shuffled nights gave causal advice")
        assert fooled <= 0.05 * number

    def test_the_level_leaves_a_margin(self) -> None:
        assert LEVEL < 0.05

    def test_a_shadow_of_a_cause_is_not_a_second_cause(self) -> None:
        # In most runs outside GPU memory a call was mended, too: nothing else.
        shadowed = [
            run.model_copy(
                update={"tags": ["repaired"] * (spilled and attempt % 4 > 0)}
            )
            for run in planted_night(WHOLE)
            for spilled, attempt in [
                (run.machine is not None and run.machine.gpu_share != 1, run.attempt)
            ]
        ]
        found = causal(advice_on(shadowed))
        assert "gpu_spill" in found
        assert "repaired_calls" not in found

    def test_what_long_runs_meet_more_of_is_no_cause(self) -> None:
        # Who does not find the answer goes on, and so meets a mended call.
        runs = []
        for number in range(6):
            for attempt in range(1, 21):
                missed = attempt % 2 == 0
                rounds = 20 + attempt if missed else 5 + attempt // 5
                update: dict[str, Any] = {"rounds": rounds}
                update["tags"] = ["repaired"] if rounds > 21 else []
                outcome = "wrong_answer" if missed else "passed"
                runs.append(a_run(f"L3-{number}", attempt, outcome, **update))
        found = advice_on(runs)
        item = the(found, "repaired_calls")
        assert not item.causal
        assert "similar length" in item.because
        assert item.gain is not None
        assert item.gain.low == 0

    def test_an_outcome_does_not_testify_for_its_own_name(self) -> None:
        # Every run that ended as malformed had such answers: that is what it means.
        unusable = Performance(rounds_unused={"malformed": 3})
        runs = []
        for number in range(6):
            runs += repeated(f"L3-{number}", "passed " * 12)
            for attempt in (13, 14, 15):
                run = a_run(f"L3-{number}", attempt, "malformed", performance=unusable)
                runs.append(run)
        found = advice_on(runs)
        assert not causal(found)
        assert "outcome_malformed" in rules(found)


class TestDescriptions:
    def test_timeouts_are_bounded_by_their_number(self) -> None:
        found = advice_on(repeated("L3-1", "passed " * 6 + "timeout " * 4))
        item = the(found, "outcome_timeout")
        assert item.gain is not None
        assert (item.gain.low, item.gain.high) == (0, 4)
        assert item.gain.runs == pytest.approx(4 * 6 / 10)
        assert not item.causal
        assert len(item.run_ids) == 4

    def test_two_of_a_kind_are_an_accident(self) -> None:
        found = advice_on(repeated("L3-1", "passed passed loop loop"))
        assert "outcome_loop" not in rules(found)

    def test_never_solved_challenges_name_what_is_lacking(self) -> None:
        checks = [Check(name="test_a", passed=False), Check(name="test_b", passed=True)]
        runs = repeated("L6-1", "wrong_answer " * 4, checks=checks)
        found = advice_on(runs)
        assert "`test_a`" in the(found, "lacking_ability").because
        assert "`test_b`" not in the(found, "lacking_ability").because
        assert the(found, "escalate_never_solved").area is Area.PHASE2
        assert the(found, "escalate_never_solved").gain is None

    def test_stuck_runs_go_to_a_larger_model(self) -> None:
        found = advice_on(repeated("L3-1", "passed loop loop malformed context passed"))
        item = the(found, "escalate_stuck")
        assert len(item.run_ids) == 4
        assert "2 `loop`" in item.because

    def test_void_runs_ask_for_mending(self) -> None:
        runs = repeated("L3-1", "passed passed infra infra harness")
        found = advice_on(runs)
        assert the(found, "server_away").gain is not None
        assert the(found, "harness_faults").run_ids == ("L3-1-run-0005",)

    def test_what_a_rehearsal_means_to_be_void_asks_for_nothing(self) -> None:
        agent = AgentInfo(spec="rehearsal", scripted=True, intended_outcome="infra")
        found = advice_on(repeated("L3-1", "infra infra", agent=agent))
        assert "server_away" not in rules(found)

    def test_unprotected_runs_ask_for_a_sandbox(self) -> None:
        open_box = SandboxInfo(level="process", protected=False)
        found = advice_on(repeated("L3-1", "passed", sandbox=open_box))
        assert "bubblewrap" in " ".join(the(found, "unprotected").steps)

    def test_a_model_outside_gpu_memory_is_said_though_nothing_can_be_compared(
        self,
    ) -> None:
        machine = MachineState(free_disk_bytes=1, load=0.0, gpu_share=0.4)
        found = advice_on(repeated("L3-1", "passed timeout", machine=machine))
        assert "40 %" in the(found, "gpu_spilled").because

    def test_a_night_that_was_too_short_says_so(self) -> None:
        master = a_master({"L3": 9}, tests_run=2)
        found = advice_on(repeated("L3-1", "passed passed"), master)
        assert the(found, "not_reached").run_ids == ()
        assert "7 of 9" in the(found, "not_reached").because

    def test_always_solved_challenges_are_too_easy(self) -> None:
        runs = repeated("L3-1", "passed " * 6) + repeated("L3-2", "loop passed")
        found = advice_on(runs)
        assert "L3-1" in the(found, "too_easy").title
        assert "L3-2" not in the(found, "too_easy").title

    def test_tests_that_never_fail_are_idle(self) -> None:
        checks = [Check(name="test_a", passed=False), Check(name="test_b", passed=True)]
        runs = repeated("L3-1", "wrong_answer " * 5, checks=checks)
        assert "`test_b`" in the(advice_on(runs), "idle_tests").because
        assert "`test_a`" not in the(advice_on(runs), "idle_tests").because

    def test_failing_tools_are_named_from_ledgers(self) -> None:
        runs = repeated("L3-1", "passed " * 5)
        step = Step(1, "edit_file", "a.py", False, "edit_file: no", 0.1)
        ledgers = {
            run.run_id: LedgerFacts(run.run_id, (step,) * 5, (), (), ()) for run in runs
        }
        found = advice_on(runs, ledgers=ledgers)
        assert "`edit_file`" in the(found, "tool edit_file").title

    def test_a_worse_night_asks_what_changed(self) -> None:
        before = repeated("L3-1", "passed " * 12, session_id="overnight-2025-01-20")
        now = repeated("L3-1", "loop " * 12)
        found = advice_on(now, comparison=compare(now, before))
        assert "-100 points" in the(found, "worse_than_before").because

    def test_missed_bars_of_hrm_tasks_bring_their_own_next_steps(self) -> None:
        record = HrmRecord(
            task_id="HRM-1",
            title="Uncertainty Quantification Enhancement",
            session_id="overnight-2025-01-21",
            timestamp_start="2025-01-21T22:00:00Z",
            timestamp_end="2025-01-21T23:00:00Z",
            duration=3600.0,
            profile="full",
            sub_tasks=[SubTask(name="Calibrate", attempted=True, completed=True)],
            metrics=[Metric(name="ece", value=0.2, bar=0.05, direction="at most")],
            next_steps=["Fit the temperature <b>anew</b>."],
            environment=HrmEnvironment(device="cpu", threads=1),
        )
        found = advice_on([], hrm=hrm_progress([record]))
        item = the(found, "HRM-1 bars")
        assert "`ece` 0.2, at most 0.05" in item.because
        assert item.steps == ("Fit the temperature <b>anew</b>.",)
        assert not isinstance(item.steps[0], Markdown)


class TestNights:
    def test_without_runs_have_no_advice_and_say_why(self) -> None:
        found = advice_on([])
        assert not found.items
        assert "no run is recorded" in found.none_because

    def test_without_misses_say_so(self) -> None:
        found = advice_on(repeated("L3-1", "passed passed passed"))
        assert found.of(Area.AGENT, Area.INFRASTRUCTURE, Area.PHASE2) == ()
        if not found.items:
            assert "none was missed" in found.none_because

    def test_all_solved_and_well_known_have_none(self) -> None:
        found = advice_on(repeated("L3-1", "passed " * 4), a_master())
        assert set(rules(found)) <= {"repetitions"}

    def test_all_void_still_ask_for_mending(self) -> None:
        assert "server_away" in rules(advice_on(repeated("L3-1", "infra " * 3)))

    def test_of_scripts_say_that_it_is_about_scripts(self) -> None:
        agent = AgentInfo(spec="rehearsal", scripted=True)
        found = advice_on(repeated("L3-1", "loop " * 4 + "passed", agent=agent))
        assert found.items
        assert any(note.startswith("Scripts did work") for note in found.notes)

    def test_one_run_is_enough_not_to_fail(self) -> None:
        for outcome in ("passed", "loop", "harness"):
            assert advice_on([a_run(outcome=outcome)]) is not None


def test_order_is_by_gain_then_effort() -> None:
    found = advice_on(planted_night(WHOLE))
    tested = [item.gain.runs for item in found.items if item.causal and item.gain]
    assert tested == sorted(tested, reverse=True)
    assert found.top(3) == found.items[:3]
    assert {item.effort for item in found.quick_wins} == {"minutes"}


def test_hostile_errors_stay_quoted() -> None:
    evil = "edit_file: </p><script> [x](http://evil) `"
    runs = []
    for number in range(6):
        for attempt in range(1, 21):
            bad = attempt <= 5
            runs.append(
                a_run(
                    f"L3-{number}",
                    attempt,
                    "wrong_answer" if bad else "passed",
                    fingerprints={evil: 1} if bad else {},
                )
            )
    item = the(advice_on(runs), f"tool_error {evil}")
    assert "`` edit_file: </p><script> [x](http://evil) ` ``" in item.title


def test_every_option_that_is_named_exists() -> None:
    known = {option.flag for option in OPTIONS} | {
        "--budget", "--challenge", "--count", "--resume", "--until"
    }  # fmt: skip
    folder = Path(advice_module.__file__).parent
    for path in folder.glob("advice_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words = node.value.replace("`", " ").replace("(", " ").split()
                named = {w.strip(".,;:)") for w in words if w.startswith("--")}
                assert named <= known, f"{path.name}: {named - known}"


def test_every_rule_name_is_one_feature_only() -> None:
    names = [cause.rule for cause in FEATURES]
    assert len(set(names)) == len(names)
    assert all(dataclasses.is_dataclass(cause) for cause in FEATURES)


@pytest.mark.parametrize(("solved", "runs"), [(5, 10), (10, 10), (0, 5), (3, 20)])
def test_the_named_number_of_repetitions_halves_the_interval(
    solved: int, runs: int
) -> None:
    now = Rate(solved, runs)
    need = repetitions_for(now, 2)
    then = Rate(round(need * solved / runs), need)
    width = now.interval.high - now.interval.low
    assert then.interval.high - then.interval.low <= width / 2
