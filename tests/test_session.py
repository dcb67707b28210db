"""Whether a night is begun or gone on with, and what is said where neither can be."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.records.master import derive_master
from pytest_overnight.records.session import read_session
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import StoreError
from pytest_overnight.session import Opening
from pytest_overnight.session import look
from pytest_overnight.session import open_session
from pytest_overnight.session import planned_challenges
from pytest_overnight.session import unfinished
from tests.support.sessions import AGENT
from tests.support.sessions import EVENING
from tests.support.sessions import PLAN
from tests.support.sessions import a_record
from tests.support.sessions import begin
from tests.support.sessions import close
from tests.support.sessions import go_on
from tests.support.sessions import planned
from tests.support.sessions import planned_of
from tests.support.sessions import settings_of
from tests.support.suites import write_suite


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """An empty results folder."""
    store = RunStore(tmp_path / "results")
    store.create()
    return store


def looked(store: RunStore, **how: Any) -> Opening:
    """What the next process of the same settings would do."""
    names = {"resume", "fresh", "joined", "sandbox", "agent_facts"} & how.keys()
    flags = {name: how.pop(name) for name in names}
    if "agent_facts" in flags:
        flags["agent"] = flags.pop("agent_facts")
    challenges = how.pop("planned", planned_of(PLAN))
    settings = settings_of(store.results, **how)
    return look(RunStore(store.results), settings, challenges, **flags)


def play(store: RunStore, *outcomes: str) -> None:
    """Record the first runs of the plan with these outcomes."""
    for run_id, outcome in zip(PLAN, outcomes, strict=False):
        store.begin_try(run_id)
        store.write_run(a_record(run_id, outcome))


def refusal(store: RunStore, **how: Any) -> str:
    """Why it will not."""
    with pytest.raises(StoreError) as refused:
        looked(store, **how)
    return str(refused.value)


# -- a new one -----------------------------------------------------------------------


@pytest.mark.parametrize("fresh", [False, True])
def test_in_an_empty_folder_a_new_session_begins(store: RunStore, fresh: bool) -> None:
    opening = looked(store, fresh=fresh)
    assert (opening.former, opening.joined, opening.done) == (None, False, {})
    facts = go_on(opening)
    assert (facts.id, facts.plan, facts.closed) == (EVENING, PLAN, None)
    (event,) = store.journal.read()
    assert (event["event"], event["pid"]) == ("session", os.getpid())
    assert not (store.results / "history").exists()


def test_to_look_writes_nothing(store: RunStore) -> None:
    begin(store)
    play(store, "passed")
    before = {path: path.stat().st_mtime_ns for path in store.results.rglob("*")}
    looked(store, fresh=True)
    looked(store, resume=True)
    after = {path: path.stat().st_mtime_ns for path in store.results.rglob("*")}
    assert after == before


@pytest.mark.parametrize("last", ["passed", "wrong_answer", "infra", "harness"])
def test_a_finished_session_makes_room_for_the_next(store: RunStore, last: str) -> None:
    """Void runs do not keep it open: whoever wants them again resumes it first."""
    begin(store)
    play(store, "passed", "no_change", last)
    close(store)
    facts = go_on(looked(store, session_id="overnight-2026-01-03"))
    assert facts.id == "overnight-2026-01-03"
    assert store.read_runs() == []
    former = RunStore(store.results / "history" / EVENING)
    assert {record.run_id for record in former.read_runs()} == set(PLAN)


def test_two_sessions_of_one_evening_are_both_kept(store: RunStore) -> None:
    for _ in range(3):
        go_on(looked(store))
        play(store, *["passed"] * 3)
        close(store)
    history = store.results / "history"
    assert sorted(path.name for path in history.iterdir()) == [
        EVENING,
        f"{EVENING}-2",
    ]
    for folder in history.iterdir():
        assert len(RunStore(folder).read_runs()) == 3


# -- an unfinished one ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "closed", "lacks"),
    [
        ([], False, "was cut off"),
        (["passed"] * 3, False, "was cut off"),
        (["passed"], True, "has 2 of 3 runs left to play"),
        (["passed", "cancelled", "passed"], True, "has 1 of 3 runs left to play"),
        (["cancelled", "infra"], True, "has 2 of 3 runs left to play"),
    ],
)
def test_an_unfinished_session_is_never_put_away_unasked(
    store: RunStore, outcomes: list[str], closed: bool, lacks: str
) -> None:
    begin(store)
    play(store, *outcomes)
    if closed:
        close(store)
    text = refusal(store)
    assert f"{store.results}: the last night there, {EVENING}, {lacks}." in text
    assert "--overnight-resume plays exactly the rest" in text
    assert "--overnight-fresh starts anew and keeps that night in history/" in text


def test_it_is_put_away_when_that_is_asked_for(store: RunStore) -> None:
    begin(store)
    play(store, "passed", "cancelled")
    facts = go_on(looked(store, fresh=True))
    assert facts.closed is None
    former = RunStore(store.results / "history" / EVENING)
    assert [r.outcome for r in former.read_runs()] == ["passed", "cancelled"]
    assert store.read_runs() == []


@pytest.mark.parametrize("kind", ["server", "disk", "memory"])
def test_a_session_that_had_to_end_has_runs_left_to_play(
    store: RunStore, kind: str
) -> None:
    begin(store)
    play(store, "passed")
    store.journal.note("session_ended", kind=kind, reason="So.")
    close(store)
    assert "has 2 of 3 runs left to play" in refusal(store)


def test_a_session_that_used_up_its_budget_has_all_it_was_to_have(
    store: RunStore,
) -> None:
    begin(store)
    play(store, "passed")
    store.journal.note("session_ended", kind="budget", reason="Used up.")
    close(store)
    assert looked(store).former is None
    assert looked(store, resume=True).done == {PLAN[0]: "solved"}


def test_a_run_that_was_cut_off_is_no_part_of_a_used_up_budget(
    store: RunStore,
) -> None:
    begin(store)
    play(store, "passed", "cancelled")
    store.journal.note("session_ended", kind="budget", reason="Used up.")
    close(store)
    assert "has 1 of 3 runs left to play" in refusal(store)


def test_a_session_that_is_cut_off_as_it_is_resumed_is_unfinished_again(
    store: RunStore,
) -> None:
    begin(store)
    play(store, *["passed"] * 3)
    close(store)
    assert unfinished(read_session(store.journal.read()), store.read_runs()) == ""
    go_on(looked(store, resume=True))
    assert "was cut off" in refusal(store)


# -- gone on with --------------------------------------------------------------------


def test_a_resumed_session_plays_exactly_the_rest(store: RunStore) -> None:
    begin(store)
    play(store, "passed", "infra")
    opening = looked(store, resume=True)
    assert opening.former is not None
    assert opening.former.id == EVENING
    assert opening.done == {PLAN[0]: "solved"}
    facts = go_on(opening)
    assert (facts.plan, facts.closed) == (PLAN, None)
    events = [event["event"] for event in store.journal.read()]
    assert events.count("session") == 2
    assert len(store.read_runs()) == 2
    assert not (store.results / "history").exists()


@pytest.mark.parametrize(
    ("outcome", "category"),
    [
        ("passed", "solved"),
        ("wrong_answer", "missed"),
        ("infra", None),
        ("harness", None),
        ("cancelled", None),
    ],
)
def test_what_counts_is_done_and_what_is_void_is_played_again(
    store: RunStore, outcome: str, category: str | None
) -> None:
    begin(store)
    play(store, outcome)
    assert looked(store, resume=True).done.get(PLAN[0]) == category


def test_a_rehearsed_run_that_is_void_on_purpose_is_done(store: RunStore) -> None:
    begin(store)
    record = a_record(PLAN[0], "infra")
    record.agent.intended_outcome = "infra"
    store.write_run(record)
    assert looked(store, resume=True).done == {PLAN[0]: "void"}


def test_a_record_without_its_line_in_the_journal_gets_one(store: RunStore) -> None:
    """Its process was killed between the two."""
    begin(store)
    play(store, "passed")
    lines = store.journal.path.read_bytes().splitlines(keepends=True)
    assert b'"finished"' in lines[-1]
    store.journal.path.write_bytes(b"".join(lines[:-1]))
    go_on(looked(store, resume=True))
    finished = [e for e in store.journal.read() if e["event"] == "finished"]
    assert [(e["run_id"], e["try"], e["outcome"]) for e in finished] == [
        (PLAN[0], 1, "passed")
    ]
    go_on(looked(store, resume=True))
    assert len([e for e in store.journal.read() if e["event"] == "finished"]) == 1


def test_its_master_log_tells_of_all_its_processes(store: RunStore) -> None:
    begin(store)
    play(store, "passed")
    go_on(looked(store, resume=True), PLAN[:2])
    facts = read_session(store.journal.read())
    assert facts is not None
    master = derive_master(facts, store.read_runs(), report_written=False, logged=0)
    assert (master.planned, master.tests_run, master.not_reached) == (3, 1, 2)
    assert master.start_time == store.journal.read()[0]["time"]
    assert master.end_time is None


@pytest.mark.parametrize("how", ["resume", "joined"])
def test_where_no_session_has_begun_there_is_nothing_to_go_on_with(
    store: RunStore, how: str
) -> None:
    text = refusal(store, **{how: True})
    assert f"{store.results}: nothing to resume" in text
    assert "--overnight-results" in text


# -- what has changed ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "other:1b"}, "model was 'gpt-oss:20b', now is 'other:1b'"),
        ({"seed": 9}, "seed was 0, now is 9"),
        ({"agent": "oracle"}, "agent was 'noop', now is 'oracle'"),
        ({"num_ctx": 8192}, "num_ctx was 16384, now is 8192"),
        ({"time_scale": 2.0}, "time_scale was 1.0, now is 2.0"),
    ],
)
def test_runs_of_other_settings_are_not_pooled(
    store: RunStore, changes: dict[str, Any], said: str
) -> None:
    begin(store)
    text = refusal(store, resume=True, **changes)
    assert f"{EVENING} cannot be gone on with" in text
    assert said in text
    assert "undo that and give --overnight-resume again" in text
    assert "--overnight-fresh" in text


def test_a_model_of_the_same_name_with_other_weights_is_another(
    store: RunStore,
) -> None:
    facts = {"details": {"digest": "a" * 64}}
    opening = looked(store)
    open_session(opening, planned_of(PLAN), PLAN, agent={**AGENT, **facts})
    other = {"details": {"digest": "b" * 64}}
    text = refusal(store, resume=True, agent_facts=other)
    assert "gpt-oss:20b is another model now: its digest was aaaaaaaaaaaa" in text
    assert looked(store, resume=True, agent_facts=facts).former is not None
    assert looked(store, resume=True).former is not None  # a server that does not say


def test_runs_behind_other_walls_are_not_pooled(store: RunStore) -> None:
    opening = looked(store)
    open_session(opening, planned_of(PLAN), PLAN, agent=AGENT, sandbox="bubblewrap")
    text = refusal(store, resume=True, sandbox="process")
    assert "sandbox was bubblewrap, now is process" in text
    assert looked(store, resume=True, sandbox="bubblewrap").former is not None


@pytest.mark.parametrize("part", ["instruction", "environment", "tests", "limits"])
def test_a_challenge_that_changed_is_named_with_the_part_that_did(
    store: RunStore, part: str
) -> None:
    begin(store)
    changed = [planned("L3-1", **{part: "new"}), planned("L6-2")]
    text = refusal(store, resume=True, planned=changed)
    assert f"challenge L3-1 changed: {part}. " in text
    assert "L6-2" not in text


def test_all_that_changed_is_named(store: RunStore) -> None:
    begin(store)
    changed = [planned("L3-1", tests="n", limits="n"), planned("L6-2", tests="n")]
    text = refusal(store, resume=True, planned=changed, seed=9)
    for one in (
        "challenge L3-1 changed: tests, limits",
        "challenge L6-2 changed: tests",
        "seed was 0, now is 9",
    ):
        assert one in text


def test_a_challenge_on_disk_is_known_by_its_parts(tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", ["L3-1"])
    (before,) = planned_challenges(load_suite(suite))
    task = suite / "L3-1-tiny"
    for part, file in (
        ("instruction", "instruction.md"),
        ("environment", "environment/answer.py"),
        ("tests", "tests/test_answer.py"),
    ):
        whole = (task / file).read_text()
        (task / file).write_text(whole + "\n# more\n")
        (after,) = planned_challenges(load_suite(suite))
        changed = {k for k, v in after.parts.items() if before.parts[k] != v}
        assert (changed, after.digest == before.digest) == ({part}, False)
        (task / file).write_text(whole)
    config = task / "task.toml"
    config.write_text(config.read_text().replace("60.0", "61.0"))
    (after,) = planned_challenges(load_suite(suite))
    assert {k for k, v in after.parts.items() if before.parts[k] != v} == {"limits"}


@pytest.mark.parametrize(
    "changes",
    [
        {"slots": 4},
        {"host": "http://127.0.0.1:1"},
        {"count": 9},
        {"challenges": ("L3-1",)},
        {"min_free_disk": 0.0},
        {"budget": 60.0},
        {"ends_at": 60.0},
        {"sandbox": "landlock"},
    ],
)
def test_what_changes_no_outcome_may_differ(
    store: RunStore, changes: dict[str, Any]
) -> None:
    begin(store)
    assert looked(store, resume=True, **changes).former is not None


def test_a_setting_that_the_session_did_not_know_yet_is_no_difference(
    store: RunStore,
) -> None:
    """A newer version of the plugin has more of them."""
    begin(store)
    text = store.journal.path.read_text()
    assert '"think": "medium", ' in text
    store.journal.path.write_text(text.replace('"think": "medium", ', ""))
    assert looked(store, resume=True).former is not None


def test_a_challenge_that_is_gone_is_not_in_the_way(store: RunStore) -> None:
    begin(store)
    assert looked(store, resume=True, planned=[planned("L6-2")]).former is not None


# -- joined --------------------------------------------------------------------------


def test_a_process_joins_the_session_of_its_owner(store: RunStore) -> None:
    begin(store, plan=PLAN[:1])
    play(store, "passed")
    opening = looked(store, joined=True)
    assert (opening.joined, opening.done) == (True, {PLAN[0]: "solved"})
    facts = go_on(opening, PLAN[1:])
    assert facts.plan == PLAN
    assert [e["event"] for e in store.journal.read()].count("session") == 1
    assert store.journal.read()[-1]["event"] == "joined"


def test_nobody_joins_a_session_that_is_not_the_one_named(store: RunStore) -> None:
    begin(store)
    text = refusal(store, joined=True, session_id="overnight-2026-01-03")
    assert f"{store.results} holds {EVENING}, not overnight-2026-01-03" in text


def test_a_session_keeps_its_challenges_as_they_were(store: RunStore) -> None:
    facts = begin(store)
    again = go_on(looked(store, resume=True))
    assert again.challenges == facts.challenges
    assert dataclasses.asdict(facts.challenges["L3-1"]) == dataclasses.asdict(
        planned("L3-1")
    )
