"""Where a setting comes from, and how a bad one is said."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.options import build_settings
from pytest_overnight.options import duration
from pytest_overnight.settings import Settings
from pytest_overnight.settings import evening_session


def settings(
    pytester: pytest.Pytester, *arguments: str, former: dict[str, Any] | None = None
) -> Settings:
    """What a command line makes of it."""
    config = pytester.parseconfig("-p", "pytest_overnight.plugin", *arguments)
    return build_settings(config, former)


def test_defaults_are_those_of_the_readme(pytester: pytest.Pytester) -> None:
    found = settings(pytester)
    assert (found.agent, found.model) == ("ollama", "gpt-oss:20b")
    assert found.results == pytester.path / "overnight_results"
    assert found.count is None


def test_command_line_beats_environment_beats_ini(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]\novernight_model = ini:1b\novernight_count = 4\n")
    assert settings(pytester).model == "ini:1b"
    assert settings(pytester).count == 4
    monkeypatch.setenv("OVERNIGHT_MODEL", "env:2b")
    assert settings(pytester).model == "env:2b"
    assert settings(pytester, "--model", "line:3b").model == "line:3b"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("OVERNIGHT_SANDBOX", "moat", "environment variable OVERNIGHT_SANDBOX: 'moat'"),
        ("OVERNIGHT_SEED", "x", "environment variable OVERNIGHT_SEED: 'x' is no whole"),
        ("OVERNIGHT_AGENT", "x:", "--agent 'x:' is no agent"),
    ],
)
def test_a_bad_variable_is_named(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    complaint: str,
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(pytest.UsageError, match=complaint):
        settings(pytester)


@pytest.mark.parametrize(
    "spec",
    ["oracle", "auto", "command:mine --task {task}", "package.module:agent"],
)
def test_agents_that_can_be_named(pytester: pytest.Pytester, spec: str) -> None:
    assert settings(pytester, "--agent", spec).agent == spec


@pytest.mark.parametrize("spec", ["", "command:", "a b:c", "module:", ":x", "gpt-oss"])
def test_agents_that_cannot(pytester: pytest.Pytester, spec: str) -> None:
    with pytest.raises(pytest.UsageError, match="is no agent"):
        settings(pytester, f"--agent={spec}")


def test_the_small_hours_belong_to_the_evening_before() -> None:
    evening = "overnight-2026-03-04"
    assert evening_session(datetime(2026, 3, 4, 22, 0)) == evening
    assert evening_session(datetime(2026, 3, 5, 2, 30)) == evening
    assert evening_session(datetime(2026, 3, 5, 6, 0)) == "overnight-2026-03-05"


def test_settings_cross_a_process_border_unchanged(pytester: pytest.Pytester) -> None:
    found = settings(pytester, "--challenge", "L3-1", "--overnight-temperature=0.5")
    assert Settings.from_json(found.to_json()) == found


def test_the_digest_knows_what_may_change_an_outcome(
    pytester: pytest.Pytester,
) -> None:
    base = settings(pytester)
    assert settings(pytester, "--count", "7").digest == base.digest
    assert settings(pytester, "--overnight-results", "x").digest == base.digest
    assert settings(pytester, "--model", "other").digest != base.digest
    assert settings(pytester, "--overnight-num-ctx", "8192").digest != base.digest
    assert settings(pytester, "--overnight-loop-guard=off").digest != base.digest
    assert settings(pytester, "--overnight-min-gap", "9").digest == base.digest
    slowly = settings(pytester, "--overnight-calls-per-minute", "2")
    assert slowly.digest == base.digest


def test_what_concerns_the_model_server_has_safe_defaults(
    pytester: pytest.Pytester,
) -> None:
    found = settings(pytester)
    assert (found.loop_guard, found.infra_grace, found.stall) == ("stop", 900.0, 600.0)
    assert (found.calls_per_minute, found.min_gap, found.fault_rate) == (None, 0.0, 0.0)


def test_what_concerns_the_model_server_can_be_set(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        "[pytest]\n"
        "overnight_loop_guard = shadow\n"
        "overnight_calls_per_minute = 7.5\n"
        "overnight_min_gap = 2\n"
        "overnight_infra_grace = 60\n"
    )
    found = settings(pytester, "--overnight-stall=30", "--overnight-infra-grace=90")
    assert (found.loop_guard, found.calls_per_minute) == ("shadow", 7.5)
    assert (found.min_gap, found.infra_grace, found.stall) == (2.0, 90.0, 30.0)


def test_calls_wait_for_the_slower_of_rate_and_gap_for_each_slot(
    pytester: pytest.Pytester,
) -> None:
    assert settings(pytester).longest_call_wait == 0
    pace = ["--overnight-calls-per-minute=10", "--overnight-min-gap=2"]
    assert settings(pytester, *pace).longest_call_wait == 6
    assert settings(pytester, *pace, "--overnight-slots=3").longest_call_wait == 18
    assert settings(pytester, *pace, "--agent=rehearsal").longest_call_wait == 0


@pytest.mark.parametrize("agent", ["rehearsal", "auto"])
def test_faults_on_purpose_are_for_rehearsals(
    pytester: pytest.Pytester, agent: str
) -> None:
    found = settings(pytester, "--overnight-fault-rate=0.1", "--agent", agent)
    assert found.fault_rate == 0.1


@pytest.mark.parametrize("agent", ["ollama", "oracle", "command:mine"])
def test_faults_on_purpose_are_for_nobody_else(
    pytester: pytest.Pytester, agent: str
) -> None:
    with pytest.raises(pytest.UsageError, match="in rehearsals only; the agent is"):
        settings(pytester, "--overnight-fault-rate=0.1", "--agent", agent)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5400", 5400),
        ("5400s", 5400),
        ("90m", 5400),
        ("1.5h", 5400),
        ("8h", 28800),
        (" 45s ", 45),
        ("0.5", 0.5),
    ],
)
def test_a_budget_is_a_time(
    pytester: pytest.Pytester, text: str, seconds: float
) -> None:
    assert settings(pytester, f"--overnight-budget={text}").budget == seconds
    pytester.makeini(f"[pytest]\novernight_budget = {text}\n")
    assert settings(pytester).budget == seconds


@pytest.mark.parametrize(
    "text", ["", "0", "0h", "-1h", "8 hours", "h", "1d", "1h30m", "nan", "inf", "8H"]
)
def test_a_budget_that_is_no_time_says_what_is_one(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="such as 8h, 90m or 45s"):
        duration(text)


def test_a_night_has_all_the_time_unless_it_is_said(pytester: pytest.Pytester) -> None:
    found = settings(pytester)
    assert (found.budget, found.ends_at) == (None, None)
    assert (found.min_free_disk, found.min_free_memory) == (5.0, 1.0)
    assert (found.keep_days, found.keep_gb) == (30.0, 20.0)


def test_what_guards_the_machine_changes_no_outcome(pytester: pytest.Pytester) -> None:
    base = settings(pytester)
    for words in (
        "--overnight-budget=8h",
        "--overnight-min-free-disk=0",
        "--overnight-min-free-memory=9",
        "--overnight-keep-days=1",
        "--overnight-keep-gb=1",
    ):
        assert settings(pytester, words) != base
        assert settings(pytester, words).digest == base.digest


# -- a night that is gone on with ----------------------------------------------------

ONCE = (
    *("--agent=oracle", "--overnight-seed=5", "--count=4", "--challenge=L3-1"),
    *("--overnight-max-rounds=7", "--overnight-slots=3", "--overnight-budget=8h"),
    *("--overnight-sandbox=landlock", "--overnight-require-sandbox=landlock"),
)


def once(pytester: pytest.Pytester) -> dict[str, Any]:
    """Settings of a night of some evening past."""
    found = settings(pytester, *ONCE).to_json()
    return {**found, "session_id": "overnight-2025-12-31", "results": "/elsewhere"}


def test_a_resumed_night_takes_what_is_not_said_from_the_former(
    pytester: pytest.Pytester,
) -> None:
    former = once(pytester)
    found = settings(pytester, former=former)
    assert found.session_id == "overnight-2025-12-31"
    assert (found.agent, found.seed, found.count) == ("oracle", 5, 4)
    assert (found.challenges, found.max_rounds, found.slots) == (("L3-1",), 7, 3)
    assert (found.sandbox, found.required_sandbox) == ("landlock", "landlock")
    assert found.digest == Settings.from_json(former).digest


def test_each_process_has_its_own_folder_and_budget(pytester: pytest.Pytester) -> None:
    found = settings(pytester, former=once(pytester))
    assert found.results == pytester.path / "overnight_results"
    assert found.budget is None
    again = settings(pytester, "--overnight-budget=1h", former=once(pytester))
    assert again.budget == 3600


def test_what_is_said_anew_holds(pytester: pytest.Pytester) -> None:
    words = ["--agent=noop", "--overnight-slots=1", "--count=9", "--challenge=L4-1"]
    found = settings(pytester, *words, former=once(pytester))
    assert (found.agent, found.slots, found.seed) == ("noop", 1, 5)


def test_what_the_plan_was_made_by_stays(pytester: pytest.Pytester) -> None:
    """What is said anew only narrows it: else scripts would be dealt otherwise."""
    former = once(pytester)
    found = settings(pytester, "--count=9", "--challenge=L4-1", former=former)
    assert found.count == former["count"]
    assert list(found.challenges) == list(former["challenges"])


def test_also_an_environment_variable_or_an_ini_key_is_said(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a night would silently go on otherwise than a folder's settings say."""
    pytester.makeini("[pytest]\novernight_slots = 2\n")
    monkeypatch.setenv("OVERNIGHT_SEED", "9")
    found = settings(pytester, former=once(pytester))
    assert (found.slots, found.seed, found.max_rounds) == (2, 9, 7)


@pytest.mark.parametrize("was", ["ollama", "rehearsal"])
def test_what_auto_was_once_it_stays(pytester: pytest.Pytester, was: str) -> None:
    """A server that has come up meanwhile does not make a rehearsal a measurement."""
    former = {**once(pytester), "agent": was}
    assert settings(pytester, "--agent=auto", former=former).agent == was


def test_settings_of_an_older_night_may_lack_some(pytester: pytest.Pytester) -> None:
    found = settings(pytester, former={"session_id": "s", "seed": 3})
    assert (found.session_id, found.seed, found.max_rounds) == ("s", 3, 40)


def test_the_session_of_whoever_started_us_is_ours(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERNIGHT_SESSION", "overnight-2026-02-02")
    assert settings(pytester).session_id == "overnight-2026-02-02"


def test_a_relative_results_folder_is_where_pytest_was_started(
    pytester: pytest.Pytester,
) -> None:
    found = settings(pytester, "--overnight-results=mine")
    assert found.results == Path(pytester.path / "mine")
