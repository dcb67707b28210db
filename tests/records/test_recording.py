"""From a ledger to a record: what is derived, whoever wrote the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.catalog.plan import Run
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.recording import FINGERPRINTS_CAP
from pytest_overnight.recording import Played
from pytest_overnight.recording import Recorder
from pytest_overnight.recording import TryResult
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.records.store import RunStore
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.settings import Settings
from tests.support.suites import write_suite

Events = list[tuple[str, dict[str, Any]]]


class Desk:
    """Where one run is recorded."""

    def __init__(self, folder: Path) -> None:
        """Lay a suite of one challenge and an empty results folder."""
        suite = write_suite(folder / "suite", ["L3-9"])
        self.store = RunStore(folder / "results")
        self.store.create()
        settings = Settings(
            results=folder / "results", suite=suite, session_id="overnight-2026-01-01"
        )
        walls = SandboxInfo(level="process", protected=False)
        self.recorder = Recorder(self.store, settings, walls)
        self.run = Run(load_suite(suite)[0], 1, 7)

    def record(
        self,
        events: Events,
        stop: Stop,
        verdict: Verdict = Verdict.FAIL,
        number: int = 1,
    ) -> RunRecord:
        """The record of a run whose try ``number`` wrote ``events``."""
        run_id = self.run.id
        ledger = Ledger(
            self.store.events_log(run_id, number), self.store.ledger_log(run_id, number)
        )
        for name, fields in events:
            ledger.write(name, **fields)
        ledger.close()
        played = Played(TryResult(stop, "", duration=10.0), Judgement(verdict, ()))
        return self.recorder.record(self.run, "nodeid", played, number)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A new one."""
    return Desk(tmp_path)


def action(number: int = 0, **changes: Any) -> tuple[str, dict[str, Any]]:
    """A command, the same one each time but for ``number``."""
    plain = {
        "tool": "run_command",
        "arguments": {"command": f"make {number}"},
        "ok": True,
        "seconds": 0.1,
        "observation": f"exit status 0 after 0.1 s\n{number}",
        "workspace": f"{number}",
        "repaired": [],
        "tags": [],
    }
    return "action", {**plain, **changes}


def test_a_loop_says_by_which_rule(desk: Desk) -> None:
    record = desk.record([action()] * 4, Stop.LOOP)
    assert (record.outcome, record.loop_rule) == ("loop", "L1")


def test_a_loop_that_met_the_clock_says_by_which_rule(desk: Desk) -> None:
    failing = action(ok=False, observation="no")
    record = desk.record([failing] * 4, Stop.DEADLINE)
    assert (record.outcome, record.loop_rule) == ("loop", "L2")


def test_no_other_outcome_has_a_loop_rule(desk: Desk) -> None:
    record = desk.record([action()] * 4, Stop.LOOP, Verdict.PASS)
    assert (record.outcome, record.loop_rule) == ("passed", None)


def test_a_loop_that_only_the_agent_claims_has_no_rule(desk: Desk) -> None:
    record = desk.record([], Stop.LOOP)
    assert (record.outcome, record.loop_rule) == ("loop", None)


def test_what_the_guard_saw_from_the_shadow_is_kept_once(desk: Desk) -> None:
    rules = ["L4", "L1", "L4", "no rule", ["L2"]]
    events: Events = [("shadow", {"rule": rule}) for rule in rules]
    record = desk.record(events, Stop.FINISHED, Verdict.PASS)
    assert record.shadow_stops == ["L4", "L1"]


def test_errors_are_kept_as_fingerprints(desk: Desk) -> None:
    events = [
        action(number, ok=False, observation=f"a{number}.py does not exist.")
        for number in range(3)
    ]
    record = desk.record(events, Stop.FINISHED)
    assert list(record.fingerprints.values()) == [3]


def test_a_flood_of_different_errors_does_not_make_a_record_of_its_size(
    desk: Desk,
) -> None:
    letters = "abcdefghij"
    words = [f"error {a}{b}{c}" for a in letters for b in letters for c in letters]
    events = [action(ok=False, observation=word) for word in words]
    record = desk.record([*events, events[-1]], Stop.FINISHED)
    assert len(record.fingerprints) == FINGERPRINTS_CAP
    assert next(iter(record.fingerprints.values())) == 2


def test_tags_are_read_off_the_ledger(desk: Desk) -> None:
    record = desk.record([action(repaired=["tool name"])], Stop.FINISHED)
    assert "repaired" in record.tags


def test_anything_in_a_ledger_still_gives_a_record(desk: Desk) -> None:
    odd: Events = [
        (event, dict.fromkeys(("time", "seconds", "rule", "reason", "tool"), value))
        for event in ("started", "box", "round", "action", "unused", "wait", "stopped")
        for value in (None, "x", -1e300, [], {"a": 1})
    ]
    record = desk.record(odd, Stop.FINISHED)
    assert RunRecord.model_validate_json(record.model_dump_json()) == record


# -- tries ---------------------------------------------------------------------------


def test_a_record_names_the_files_of_its_try(desk: Desk) -> None:
    run_id = desk.run.id
    for number, stem in ((1, run_id), (3, f"{run_id}-try-3")):
        record = desk.record([], Stop.FINISHED, number=number)
        assert record.number == number
        assert record.output_log == f"logs/{stem}.txt"
        assert record.agent_ledger == f"logs/{stem}-ledger.log"
        assert record.workspace == f".agent_workspace/{stem}"
        assert record.run_id == run_id


def test_a_record_lists_all_tries_and_counts_the_last(desk: Desk) -> None:
    first = desk.record([action()], Stop.LLM_UNAVAILABLE, Verdict.FAIL)
    desk.store.write_run(first)
    second = desk.record([action()] * 2, Stop.SETUP, Verdict.NOT_RUN, number=2)
    desk.store.write_run(second)
    record = desk.record([action(n) for n in range(3)], Stop.FINISHED, number=3)
    told = [(one.number, one.stop, one.outcome) for one in record.tries]
    assert told == [
        (1, "llm_unavailable", "infra"),
        (2, "setup", "harness"),
        (3, "finished", record.outcome),
    ]
    assert record.tries[:2] == second.tries
    assert record.actions == 3


def test_a_try_that_is_graded_again_is_listed_once(desk: Desk) -> None:
    desk.store.write_run(desk.record([], Stop.LLM_UNAVAILABLE))
    desk.store.write_run(desk.record([], Stop.FINISHED, Verdict.ERROR, number=2))
    record = desk.record([], Stop.FINISHED, Verdict.PASS, number=2)
    told = [(one.number, one.outcome) for one in record.tries]
    assert told == [(1, "infra"), (2, "passed")]
